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
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

use super::helper::Helper;
use crate::folders::is_forgotten;
use crate::inspect::{LayerError, copy_tar};
use crate::oci::{BlobError, Descriptor, Digest, OpenImage};
use crate::sandbox::{Fault, Message, NOBODY, Task, UnpackOrder, is_true_root};

/// What the folders of layers in the making begin with.
const NEW: &str = "new-";
/// A layer's files, in its folder: a directory of the image's could not always be moved.
const FILES: &str = "files";
/// What the kernel works in while a layer is made.
const WORK: &str = "work";

/// A folder of unpacked layers.
#[derive(Debug)]
pub(super) struct LayerStore {
    folder: PathBuf,
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
    /// The layer cannot be had.
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
        let store = Self { folder, busy: Mutex::default() };
        store.prepare().map_err(|source| store.unusable(source))?;
        Ok(store)
    }

    fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        for name in ["layers", "staging"] {
            DirBuilder::new().recursive(true).mode(0o700).create(self.folder.join(name))?;
        }
        self.give_away(&[Path::new("."), Path::new("layers"), Path::new("staging")])?;
        prune(&self.folder);
        Ok(())
    }

    /// What root makes has to belong to who unpacks.
    fn give_away(&self, paths: &[&Path]) -> io::Result<()> {
        if !is_true_root() {
            return Ok(());
        }
        paths.iter().try_for_each(|it| chown(self.folder.join(it), Some(NOBODY), Some(NOBODY)))
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
    /// When a layer cannot be had, read or unpacked.
    pub(super) fn unpack(
        &self,
        helper: &Helper,
        image: &OpenImage,
        layers: &[Descriptor],
    ) -> Result<Vec<PathBuf>, UnpackError> {
        let mut chain: Option<Digest> = None;
        let mut folders: Vec<PathBuf> = Vec::new();
        for layer in layers {
            let name = match chain {
                None => layer.digest,
                Some(below) => Digest::of(format!("{below} {}", layer.digest).as_bytes()),
            };
            let folder = Path::new("layers").join(name.hex());
            let turn = Arc::clone(lock(&self.busy).entry(folder.clone()).or_default());
            let turn = lock(&turn);
            if !self.has(&folder) {
                self.add(helper, image, layer, &folders, &folder)?;
            }
            drop(turn);
            folders.insert(0, folder.join(FILES));
            chain = Some(name);
        }
        Ok(folders)
    }

    /// Whether a layer is there; if so, it is in use.
    fn has(&self, folder: &Path) -> bool {
        let Ok(folder) = File::open(self.folder.join(folder)) else { return false };
        // What cannot be said is no loss but of time, some day.
        let _ = folder.set_modified(SystemTime::now());
        true
    }

    fn add(
        &self,
        helper: &Helper,
        image: &OpenImage,
        layer: &Descriptor,
        below: &[PathBuf],
        folder: &Path,
    ) -> Result<(), UnpackError> {
        let unusable = |source| self.unusable(source);
        let new = New::within(self).map_err(unusable)?;
        let order = UnpackOrder {
            below: below.to_vec(),
            files: new.path(FILES),
            work: new.path(WORK),
            staging: PathBuf::from("staging"),
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
            Err(LayerError::Damaged(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                (digest, 0)
            }
            Err(source) => return Err(UnpackError::Layer { digest, source }),
        };
        if let Message::Failed(fault) = answer {
            return Err(UnpackError::Sandbox { digest, fault });
        }
        if read != (digest, layer.size) {
            return Err(UnpackError::Mismatch(digest));
        }
        new.keep(&self.folder.join(folder)).map_err(unusable)
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
        let folder = tempfile::Builder::new().prefix(NEW).tempdir_in(&store.folder)?;
        let lock = File::open(folder.path())?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let new = Self { folder, _lock: lock };
        for name in [FILES, WORK] {
            DirBuilder::new().mode(0o755).create(store.folder.join(new.path(name)))?;
        }
        store.give_away(&[&new.path(""), &new.path(FILES), &new.path(WORK)])?;
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

/// Lets a tree's owner remove it, whatever modes its directories have.
fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// Removes what nobody used for long, and what interrupted processes left.
fn prune(store: &Path) {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let is_forsaken = |entry: &fs::DirEntry| {
        let is_new = entry.file_name().as_encoded_bytes().starts_with(NEW.as_bytes());
        let lock = |file: File| flock(file, FlockOperation::NonBlockingLockExclusive);
        is_new && File::open(entry.path()).is_ok_and(|it| lock(it).is_ok())
    };
    let forgotten = entries(&store.join("layers")).filter(is_forgotten);
    for entry in forgotten.chain(entries(store).filter(is_forsaken)) {
        open_up(&entry.path());
        let _ = fs::remove_dir_all(entry.path());
    }
}
