//! Layers unpacked, in a folder of the user's, each once for whatever image is made of it.
//!
//! What a layer's paths mean depends on the links of the layers below it, so an entry is named for
//! the whole chain up to its layer, by digests: `sha256("BELOW LAYER")`. It is made beside its
//! place and moved there when it is whole; parallel processes may both make one, and the later finds
//! the place taken.
//!
//! Source of the name: OCI image-spec, config.md, "Layer `ChainID`", over blobs instead of
//! `diff_ids`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustix::fs::{
    Dir, FileType, FlockOperation, Gid, Mode, OFlags, ResolveFlags, Uid, fchown, flock, fstat,
    mkdirat, open, openat, openat2, renameat,
};
use rustix::io::Errno;
use thiserror::Error;

use super::helper::Helper;
use crate::folders::{check_own, is_forgotten};
use crate::inspect::{LayerError, copy_tar};
use crate::oci::{BlobError, Descriptor, Digest, OpenImage};
use crate::sandbox::{Fault, IMAGE_QUOTA, Message, NOBODY, Task, UnpackOrder, is_true_root};

/// Where unpacked layers are.
const LAYERS: &str = "layers";
/// Where helpers mount what they make a layer of.
const STAGING: &str = "staging";
/// How folders are opened: no link is one.
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// What the folders of layers in the making begin with.
const NEW: &str = "new-";
/// A layer's files, in its folder: a directory of the image's could not always be moved.
const FILES: &str = "files";
/// What a layer takes, in bytes.
const SIZE: &str = "size";
/// What the kernel works in while a layer is made.
const WORK: &str = "work";

/// A folder of unpacked layers.
#[derive(Debug)]
pub(super) struct LayerStore {
    folder: PathBuf,
    /// The folder itself: whatever stands in its place, this is what was looked at.
    root: OwnedFd,
    /// What is being unpacked by this process: several variants may wait for one layer.
    busy: Mutex<HashMap<PathBuf, Arc<Mutex<()>>>>,
}

/// Why a layer cannot be unpacked.
#[derive(Debug, Error)]
pub(super) enum UnpackError {
    /// The folder cannot be used.
    #[error("cannot keep unpacked layers in {} (XDG_CACHE_HOME names another folder)", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The layer cannot be fetched.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The layer cannot be read.
    #[error("cannot read the layer {digest}")]
    Layer {
        /// Which.
        digest: Digest,
        /// Why.
        #[source]
        source: LayerError,
    },
    /// The layer is not what its descriptor says.
    #[error("the layer {0} has another digest or size than its manifest says")]
    Mismatch(Digest),
    /// The helper could not do it.
    #[error("cannot unpack the layer {digest}")]
    Sandbox {
        /// Which.
        digest: Digest,
        /// What it could not do.
        #[source]
        fault: Fault,
    },
}

impl LayerStore {
    /// Opens a folder, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// When that cannot be done.
    pub(super) fn open(folder: PathBuf) -> Result<Self, UnpackError> {
        match prepare(&folder) {
            Ok(root) => Ok(Self { folder, root, busy: Mutex::default() }),
            Err(source) => Err(UnpackError::Folder { path: folder, source }),
        }
    }

    fn unusable(&self, source: io::Error) -> UnpackError {
        UnpackError::Folder { path: self.folder.clone(), source }
    }

    /// Where helpers work: paths that they are told are relative to it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Unpacks layers, given lowest first, as far as they are not there. Gives their folders,
    /// topmost first. Blocks.
    ///
    /// # Errors
    ///
    /// When a layer cannot be fetched, read or unpacked.
    pub(super) fn unpack(
        &self,
        helper: &Helper,
        image: &OpenImage,
        layers: &[Descriptor],
    ) -> Result<Vec<PathBuf>, UnpackError> {
        let mut chain: Option<Digest> = None;
        let mut folders: Vec<PathBuf> = Vec::new();
        let mut quota = IMAGE_QUOTA;
        for layer in layers {
            let name = match chain {
                None => layer.digest,
                Some(below) => Digest::of(format!("{below} {}", layer.digest).as_bytes()),
            };
            let folder = Path::new(LAYERS).join(name.hex());
            let turn = Arc::clone(lock(&self.busy).entry(folder.clone()).or_default());
            let turn = lock(&turn);
            let size = match self.size_of(&folder) {
                Some(size) => size,
                None => self.add(helper, (image, layer), &folders, &folder, quota)?,
            };
            drop(turn);
            // One that is there already was within the quota once.
            quota = quota.saturating_sub(size);
            folders.insert(0, folder.join(FILES));
            chain = Some(name);
        }
        Ok(folders)
    }

    /// What a layer takes that is there, in bytes; it is then in use. `None` where it is not there.
    fn size_of(&self, folder: &Path) -> Option<u64> {
        // Nobody finds it forgotten meanwhile.
        let _lock = Lock::shared(&self.folder).ok()?;
        let found = open_beneath(&self.root, folder).ok()?;
        let owner = fstat(&found).ok()?.st_uid;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let size = openat(&found, SIZE, flags, Mode::empty());
        let size = size.map(|file| io::read_to_string(File::from(file)).unwrap_or_default());
        // What cannot be said is no loss but of time, some day.
        let _ = File::from(found).set_modified(SystemTime::now());
        (owner == unpacker()).then(|| size.unwrap_or_default().parse().unwrap_or_default())
    }

    fn add(
        &self,
        helper: &Helper,
        (image, layer): (&OpenImage, &Descriptor),
        below: &[PathBuf],
        folder: &Path,
        quota: u64,
    ) -> Result<u64, UnpackError> {
        let unusable = |source| self.unusable(source);
        let new = New::within(self).map_err(unusable)?;
        let order = UnpackOrder {
            below: below.to_vec(),
            files: new.path(FILES),
            work: new.path(WORK),
            staging: PathBuf::from(STAGING),
            quota,
        };
        let digest = layer.digest;
        let blob = image.blob(layer)?;
        let mut started =
            helper.start_blocking(self.folder(), &Task::Unpack(order)).map_err(unusable)?;
        let copied = copy_tar(layer, blob, &mut started.socket);
        let _ = started.socket.shutdown(Shutdown::Write);
        let answer = started.answer();
        let read = match copied {
            Ok(read) => read,
            // The helper gave up, and says why.
            Err(LayerError::Damaged(error)) if is_of_socket(&error) => (digest, 0),
            Err(source) => return Err(UnpackError::Layer { digest, source }),
        };
        let size = match answer {
            Message::Failed(mut fault) => {
                // Where a file has no room is not known to the helper.
                if fault.step.starts_with("unpack ") {
                    fault.step = format!("{} in {}", fault.step, self.folder.display());
                }
                return Err(UnpackError::Sandbox { digest, fault });
            }
            Message::Unpacked { size } => size,
            _ => 0,
        };
        if read != (digest, layer.size) {
            return Err(UnpackError::Mismatch(digest));
        }
        fs::write(self.folder.join(new.path(SIZE)), size.to_string()).map_err(unusable)?;
        new.keep(&self.folder.join(folder)).map_err(unusable)?;
        Ok(size)
    }

    /// A layer of one program, which goes with what is given.
    pub(super) fn layer_of(&self, name: &str, program: &[u8]) -> Result<New, UnpackError> {
        let make = || {
            let new = New::within(self)?;
            let path = self.folder.join(new.files()).join(name);
            fs::write(&path, program)?;
            fs::set_permissions(&path, Permissions::from_mode(0o755))?;
            Ok(new)
        };
        make().map_err(|source| self.unusable(source))
    }
}

/// Whether what was being sent could not be, for the other end is closed; with something still to be
/// read there, Linux calls it reset.
fn is_of_socket(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is half done when a thread panics: folders are moved whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A layer in the making; what is left of it goes with this. It is locked, so that another process
/// sees that somebody is at it.
pub(super) struct New {
    folder: tempfile::TempDir,
    _lock: File,
}

impl New {
    fn within(store: &LayerStore) -> io::Result<Self> {
        // Until it is locked itself, it looks like something that nobody is at.
        let _lock = Lock::shared(&store.folder)?;
        let folder = tempfile::Builder::new().prefix(NEW).tempdir_in(&store.folder)?;
        let lock = File::open(folder.path())?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let new = Self { folder, _lock: lock };
        for name in [FILES, WORK] {
            DirBuilder::new().mode(0o755).create(store.folder.join(new.path(name)))?;
        }
        for name in ["", FILES, WORK] {
            give_away(&open_beneath(&store.root, &new.path(name))?)?;
        }
        Ok(new)
    }

    /// Its files, relative to the store.
    pub(super) fn files(&self) -> PathBuf {
        self.path(FILES)
    }

    /// Relative to the store.
    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path().file_name().unwrap_or_default()).join(name)
    }

    /// Moves it to its place, unless another process was faster.
    fn keep(self, place: &Path) -> io::Result<()> {
        let work = self.folder.path().join(WORK);
        open_up(&work);
        fs::remove_dir_all(&work)?;
        match fs::rename(self.folder.path(), place) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            moved => moved,
        }
    }
}

impl Drop for New {
    fn drop(&mut self) {
        // It may have been moved to its place.
        if self.folder.path().exists() {
            open_up(self.folder.path());
        }
    }
}

/// Makes the store's folders, and gives the store's own. Somebody else's is an error.
fn prepare(folder: &Path) -> io::Result<OwnedFd> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let root = own(open(folder, FOLDER, Mode::empty()), folder)?;
    for name in [LAYERS, STAGING] {
        match mkdirat(&root, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        own(openat(&root, name, FOLDER, Mode::empty()), &folder.join(name))?;
    }
    prune(folder, &root);
    Ok(root)
}

/// A folder that belongs to who unpacks, or to root, who then gives it away.
fn own(opened: Result<OwnedFd, Errno>, path: &Path) -> io::Result<OwnedFd> {
    let user = rustix::process::geteuid().as_raw();
    let given = opened.as_ref().is_ok_and(|it| fstat(it).is_ok_and(|it| it.st_uid == unpacker()));
    let folder = check_own(opened, path, if given { unpacker() } else { user })?;
    give_away(&folder)?;
    Ok(folder)
}

/// Who unpacks: what root has unpacked is nobody's.
fn unpacker() -> u32 {
    if is_true_root() { NOBODY } else { rustix::process::geteuid().as_raw() }
}

/// What root makes has to belong to who unpacks.
fn give_away(folder: &OwnedFd) -> io::Result<()> {
    if !is_true_root() {
        return Ok(());
    }
    let nobody = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    Ok(fchown(folder, Some(nobody.0), Some(nobody.1))?)
}

/// Opens a folder of the store, wherever no link is on the way to it.
fn open_beneath(root: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
    openat2(root, path, FOLDER, Mode::empty(), resolve)
}

/// A lock on the store as a whole. Who makes or uses something in it shares it for a moment; who
/// removes has it alone.
struct Lock(#[expect(dead_code, reason = "closing it unlocks")] File);

impl Lock {
    fn shared(store: &Path) -> io::Result<Self> {
        let folder = File::open(store)?;
        flock(&folder, FlockOperation::LockShared)?;
        Ok(Self(folder))
    }

    /// `None` while somebody shares it.
    fn alone(store: &Path) -> Option<Self> {
        let folder = File::open(store).ok()?;
        flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self(folder))
    }
}

/// Lets a tree's owner remove it, whatever modes its directories have.
fn open_up(folder: &Path) {
    if let Ok(folder) = open(folder, FOLDER | OFlags::PATH, Mode::empty()) {
        open_up_all(&folder);
    }
}

/// The same of a folder that was opened by its name alone. Links are not followed.
fn open_up_all(folder: &OwnedFd) {
    // Neither its modes nor its entries can be seen before.
    let itself = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
    let _ = fs::set_permissions(&itself, Permissions::from_mode(0o700));
    // What is opened by its name alone, and all that is opened through it, gives no entries.
    let readable = openat(folder, ".", FOLDER, Mode::empty());
    let Ok(entries) = readable.and_then(Dir::new) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_other = !matches!(name.to_bytes(), b"." | b"..");
        if is_other && matches!(entry.file_type(), FileType::Directory | FileType::Unknown) {
            let below = openat(folder, name, FOLDER | OFlags::PATH, Mode::empty());
            let _ = below.map(|it| open_up_all(&it));
        }
    }
}

/// Removes what nobody used for long, and what interrupted processes left.
fn prune(store: &Path, root: &OwnedFd) {
    // What takes its time is done when others may go on: what is removed is locked by then.
    for (path, lock) in stale(store, root) {
        open_up(&path);
        let _ = fs::remove_dir_all(path);
        drop(lock);
    }
}

/// What is to be removed, each with its lock. While others are just making something, nothing is: it
/// would look the same.
fn stale(store: &Path, root: &OwnedFd) -> Vec<(PathBuf, OwnedFd)> {
    let Some(_lock) = Lock::alone(store) else { return Vec::new() };
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries(&store.join(LAYERS)).filter(is_forgotten) {
        // From now on nobody uses it.
        let mut name = OsString::from(NEW);
        name.push(entry.file_name());
        let _ = renameat(root, Path::new(LAYERS).join(entry.file_name()), root, name);
    }
    let is_new = |it: &fs::DirEntry| it.file_name().as_encoded_bytes().starts_with(NEW.as_bytes());
    let new = entries(store).filter(is_new);
    new.filter_map(|entry| {
        let Ok(folder) = open_beneath(root, Path::new(&entry.file_name())) else {
            // A link or a file is none of ours.
            let _ = fs::remove_file(entry.path());
            return None;
        };
        flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some((entry.path(), folder))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::*;
    use crate::folders::KEPT_FOR;

    fn store() -> (tempfile::TempDir, LayerStore) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = LayerStore::open(folder.path().join("sandbox")).expect("a store");
        (folder, store)
    }

    fn age(path: &Path) {
        let times = SystemTime::now() - KEPT_FOR - Duration::from_mins(1);
        File::open(path).and_then(|it| it.set_modified(times)).expect("a time");
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn links_in_the_store_are_not_followed() {
        let (folder, store) = store();
        let victim = folder.path().join("victim");
        fs::create_dir_all(victim.join("below")).expect("a folder");
        for path in [&victim, &victim.join("below")] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("a mode");
        }
        let layers = store.folder().join(LAYERS);
        symlink(&victim, layers.join("old")).expect("a link");
        assert_eq!(store.size_of(Path::new("layers/old")), None, "it is no layer");
        symlink(&victim, store.folder().join("new-link")).expect("a link");
        fs::create_dir_all(layers.join("real/files")).expect("a folder");
        symlink(&victim, layers.join("real/files/link")).expect("a link");
        age(&layers.join("real"));
        LayerStore::open(store.folder().to_owned()).expect("a store");
        assert_eq!((mode(&victim), mode(&victim.join("below"))), (0o755, 0o755));
        let left = |at: &Path| fs::read_dir(at).expect("a folder").count();
        // The link among the layers is as young as this test.
        assert_eq!((left(&layers), left(store.folder()), left(&victim)), (1, 2, 1));
        fs::remove_file(layers.join("old")).expect("the link");
        fs::remove_dir(&layers).expect("empty");
        symlink(&victim, &layers).expect("a link");
        let error = LayerStore::open(store.folder().to_owned()).expect_err("a link");
        assert!(std::error::Error::source(&error).is_some_and(|it| {
            it.to_string().contains("is not a folder, and links are not followed")
        }));
    }

    #[test]
    fn what_is_old_goes_whatever_its_modes() {
        let (_folder, store) = store();
        let old = store.folder().join("layers/old");
        fs::create_dir_all(old.join("files/deep/deeper")).expect("a folder");
        fs::create_dir_all(store.folder().join("layers/young/files")).expect("a folder");
        for path in ["files/deep/deeper", "files/deep", "files"] {
            fs::set_permissions(old.join(path), Permissions::from_mode(0o000)).expect("a mode");
        }
        age(&old);
        LayerStore::open(store.folder().to_owned()).expect("a store");
        let names = |it: &Path| fs::read_dir(it).expect("a folder").flatten().count();
        assert_eq!((names(&store.folder().join(LAYERS)), names(store.folder())), (1, 2));
    }

    /// The kernel leaves such a folder where it mounts an overlay. Root removes it whatever its mode
    /// is, so only the modes tell.
    #[test]
    fn folders_without_any_rights_are_opened_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let work = folder.path().join("work");
        fs::create_dir_all(work.join("work/deeper")).expect("a folder");
        for path in ["work/deeper", "work", ""] {
            fs::set_permissions(work.join(path), Permissions::from_mode(0o000)).expect("a mode");
        }
        open_up(&work);
        for path in ["", "work", "work/deeper"] {
            assert_eq!(mode(&work.join(path)), 0o700, "{path}");
        }
    }

    /// A layer in the making looks like one that somebody left, until it is locked.
    #[test]
    fn what_is_just_being_made_is_not_removed() {
        let (_folder, store) = store();
        let path = store.folder().to_owned();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let store = LayerStore::open(path.clone()).expect("a store");
                        let new = New::within(&store).expect("nobody removes it");
                        assert!(path.join(new.files()).is_dir());
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(&path).expect("a folder").count(), 2);
    }
}
