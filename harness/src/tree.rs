//! A root filesystem that lies unpacked in a folder, read as if it were the only layer of an image.
//!
//! One directory after another is listed; as files are found they are read, by as many threads as
//! the machine has cores, ELF files whole and of others the beginning. Links are never followed, and
//! what is mounted below the folder is left out: `/proc` and its like are no part of an image.

use std::collections::HashMap;
use std::fs::{DirEntry, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::fs::OFlags;
use serde_json::json;
use thiserror::Error;

use crate::evidence::image::{Content, EntryNumber, ImageFacts, ImagePath, Layer, Variant};
use crate::inspect::{
    AssemblyError, Change, ELF_LIMIT, LayerEntry, LayerFacts, assemble, read_content,
};
use crate::oci::{Descriptor, Digest, RawPlatform, RunConfig};
use crate::platform::Platform;
use crate::text::escape;

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
/// No tar was read, so no type of a layer is stated.
const FACTS_TYPE: &str = "application/vnd.archproof.tree-facts+json";

/// What was found in a folder.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The facts of an image with one variant, which runs nothing by itself. Its digests are
    /// those of a manifest, a config and a layer that were put together of what was read: the
    /// layer's is that of the facts of its files, which are the same for the same tree.
    pub image: ImageFacts,
    /// The directories on which something else is mounted, which was not looked at.
    pub mounts: Vec<ImagePath>,
}

/// Why a folder cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// It is something else.
    #[error("{} is not a folder", .0.display())]
    NotFolder(PathBuf),
    /// A file cannot be read; what is not read cannot be verified.
    #[error("cannot read {}{}", path.display(), hint(source))]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its files take too much memory.
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
    /// The facts cannot be written down.
    #[error("cannot write down what was read")]
    Facts(#[source] serde_json::Error),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => ", which needs another user's rights: run as root",
        _ => "",
    }
}

/// Reads an unpacked root filesystem. Blocks.
///
/// # Errors
///
/// When it is no folder, or a file in it cannot be read; the first in the order of the paths is
/// named.
pub fn inspect_tree(root: &Path, platform: Platform) -> Result<Tree, TreeError> {
    let (listed, mut contents) = read_while_listing(root)?;
    let found = listed.found.into_iter();
    let entries = found.map(|it| it.into_entry(&mut contents)).collect();
    let image = image(entries, platform)?;
    Ok(Tree { image, mounts: listed.mounts })
}

/// The image whose only layer the folder is.
fn image(entries: Vec<LayerEntry>, platform: Platform) -> Result<ImageFacts, TreeError> {
    let text = serde_json::to_vec(&entries).map_err(TreeError::Facts)?;
    let layer = Descriptor::of(FACTS_TYPE, &text);
    let facts = LayerFacts { blob: (layer.digest, layer.size), diff_id: layer.digest, entries };
    let stated = RawPlatform::from(platform);
    let mut config = json!(stated);
    config["rootfs"] = json!({"type": "layers", "diff_ids": [layer.digest]});
    let config = Descriptor::of(CONFIG_TYPE, config.to_string().as_bytes());
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST_TYPE,
                          "config": config, "layers": [layer]});
    let digest = Digest::of(manifest.to_string().as_bytes());
    let layers = vec![Layer {
        digest: layer.digest,
        created_by: String::new(),
        size: Some(facts.size_of_files()),
        contradictions: Vec::new(),
    }];
    let variant = Variant {
        entry: EntryNumber::default(),
        platform,
        digest,
        config_digest: config.digest,
        config_platform: stated,
        created: String::new(),
        config: RunConfig::default(),
        layers,
        surplus: Vec::new(),
        files: assemble([&facts])?,
    };
    Ok(ImageFacts {
        digest,
        requested: vec![platform],
        oddities: Vec::new(),
        variants: vec![variant],
        unreadable: Vec::new(),
        unread: Vec::new(),
    })
}

/// What stands in a folder, in the order of the paths.
struct Listed {
    found: Vec<Found>,
    mounts: Vec<ImagePath>,
}

/// A folder that is being listed.
struct Listing<'a> {
    found: Vec<Found>,
    /// The last of the regular files, each under the first of its names: those before are being
    /// read.
    files: Vec<File>,
    /// How many there were before.
    sent: usize,
    reading: &'a Sender<Piece>,
    mounts: Vec<ImagePath>,
    /// Where in `found` a file with several names stands, by device and inode.
    linked: HashMap<(u64, u64), usize>,
}

struct Found {
    path: ImagePath,
    mode: u32,
    uid: u64,
    gid: u64,
    kind: FoundKind,
}

enum FoundKind {
    Directory,
    /// Which of the files it is.
    File {
        number: usize,
        size: u64,
    },
    Symlink(String),
    Hardlink(ImagePath),
    Special,
}

struct File {
    path: PathBuf,
    size: u64,
}

/// Files that one thread reads in one go.
struct Piece {
    /// The number of the first.
    first: usize,
    files: Vec<File>,
}

/// So many that handing them over costs nothing, so few that no thread is left with much at the end.
const PIECE: usize = 64;

impl<'a> Listing<'a> {
    /// Lists a folder, and has its regular files read.
    fn of(root: &Path, reading: &'a Sender<Piece>) -> Result<Listed, TreeError> {
        let metadata = std::fs::metadata(root).map_err(|source| unreadable(root, source))?;
        if !metadata.is_dir() {
            return Err(TreeError::NotFolder(root.to_owned()));
        }
        let mut listing = Self {
            found: Vec::new(),
            files: Vec::new(),
            sent: 0,
            reading,
            mounts: Vec::new(),
            linked: HashMap::new(),
        };
        // The names of a directory that are still to come, for each directory on the way down.
        let mut open = vec![(ImagePath::root(), names(root)?)];
        while let Some((directory, rest)) = open.last_mut() {
            let Some(entry) = rest.pop() else {
                open.pop();
                continue;
            };
            let path = directory.join(&escape(entry.file_name().as_bytes()));
            let at = entry.path();
            let seen = entry.metadata().map_err(|source| unreadable(&at, source))?;
            listing.add(&at, path.clone(), &seen)?;
            if !seen.is_dir() {
                continue;
            }
            if seen.dev() == metadata.dev() {
                open.push((path, names(&at)?));
            } else {
                listing.mounts.push(path);
            }
        }
        listing.send();
        Ok(Listed { found: listing.found, mounts: listing.mounts })
    }

    /// Has the files read that were found since the last time.
    fn send(&mut self) {
        let piece = Piece { first: self.sent, files: std::mem::take(&mut self.files) };
        self.sent += piece.files.len();
        // Where nobody listens, a reader has panicked, which comes to light when all are done.
        let _ = self.reading.send(piece);
    }

    fn add(&mut self, at: &Path, path: ImagePath, seen: &Metadata) -> Result<(), TreeError> {
        let kind = seen.file_type();
        let kind = if kind.is_dir() {
            FoundKind::Directory
        } else if kind.is_symlink() {
            let target = std::fs::read_link(at).map_err(|source| unreadable(at, source))?;
            FoundKind::Symlink(escape(target.as_os_str().as_bytes()))
        } else if kind.is_file() {
            self.file(at, seen)
        } else {
            FoundKind::Special
        };
        let (uid, gid) = (u64::from(seen.uid()), u64::from(seen.gid()));
        self.found.push(Found { path, mode: seen.mode() & 0o7777, uid, gid, kind });
        Ok(())
    }

    fn file(&mut self, at: &Path, seen: &Metadata) -> FoundKind {
        if seen.nlink() > 1 {
            let identity = (seen.dev(), seen.ino());
            if let Some(first) = self.linked.get(&identity) {
                return FoundKind::Hardlink(self.found[*first].path.clone());
            }
            self.linked.insert(identity, self.found.len());
        }
        let number = self.sent + self.files.len();
        self.files.push(File { path: at.to_owned(), size: seen.size() });
        if self.files.len() == PIECE {
            self.send();
        }
        FoundKind::File { number, size: seen.size() }
    }
}

impl Found {
    fn into_entry(self, contents: &mut [Option<Content>]) -> LayerEntry {
        let Self { path, mode, uid, gid, kind } = self;
        let change = match kind {
            FoundKind::Directory => Change::Directory,
            FoundKind::File { number, size } => {
                // Each file is asked for once.
                let content = contents.get_mut(number).and_then(Option::take);
                Change::File { size, content: content.unwrap_or(Content::Data) }
            }
            FoundKind::Symlink(target) => Change::Symlink { target },
            FoundKind::Hardlink(target) => Change::Hardlink { target },
            FoundKind::Special => Change::Special,
        };
        LayerEntry { path, mode, uid, gid, change }
    }
}

/// The entries of a directory, the last first, so that they can be taken from the end.
fn names(directory: &Path) -> Result<Vec<DirEntry>, TreeError> {
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = entries.map_err(|source| unreadable(directory, source))?;
    entries.sort_unstable_by_key(|it| std::cmp::Reverse(it.file_name()));
    Ok(entries)
}

fn unreadable(path: &Path, source: io::Error) -> TreeError {
    TreeError::Unreadable { path: path.to_owned(), source }
}

/// Lists a folder, and gives what its files hold. The first error in the order of the paths wins,
/// and one of the listing before all.
fn read_while_listing(root: &Path) -> Result<(Listed, Vec<Option<Content>>), TreeError> {
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (listed, mut read) = thread::scope(|scope| {
        let readers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| read_pieces(&receiver))).collect();
        let listed = Listing::of(root, &sender);
        // The readers end when there is nothing left and nobody to send more.
        drop(sender);
        let read =
            readers.into_iter().flat_map(|it| it.join().unwrap_or_else(|it| resume_unwind(it)));
        (listed, read.collect::<Vec<_>>())
    });
    let listed = listed?;
    read.sort_unstable_by_key(|it| it.0);
    let mut contents = Vec::new();
    for (_, piece) in read {
        contents.extend(piece?.into_iter().map(Some));
    }
    Ok((listed, contents))
}

/// What the files of a piece hold, with the number of the first.
type Read = (usize, Result<Vec<Content>, TreeError>);

/// Reads one piece after another until the listing is done.
fn read_pieces(pieces: &Mutex<Receiver<Piece>>) -> Vec<Read> {
    let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
    let read = |it: Piece| (it.first, it.files.iter().map(read_file).collect());
    std::iter::from_fn(next).map(read).collect()
}

fn read_file(file: &File) -> Result<Content, TreeError> {
    let failed = |source| unreadable(&file.path, source);
    // What has become a link or FIFO since it was listed is neither followed nor waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(&file.path);
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    opened.and_then(|mut it| read_content(&name, file.size, ELF_LIMIT, &mut it)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::evidence::image::{Node, NodeKind};
    use crate::fixture::{
        Image as Fixture, Layer as Made, Variant as MadeVariant, platform, program,
    };

    fn read(root: &Path) -> Result<Tree, TreeError> {
        inspect_tree(root, platform("linux/arm64"))
    }

    /// A tree with a file of every kind that an ordinary user can make.
    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["bin", "etc", "a-b", "a"] {
            std::fs::create_dir(at(name)).expect("a directory");
        }
        std::fs::write(at("bin/app"), program("linux/arm64")).expect("a file");
        std::fs::set_permissions(at("bin/app"), PermissionsExt::from_mode(0o4755)).expect("mode");
        std::fs::hard_link(at("bin/app"), at("bin/zzz")).expect("a link");
        std::fs::write(at("etc/.wh.hidden"), "text").expect("a file");
        symlink("../bin/app", at("etc/app")).expect("a link");
        symlink("/", at("a/up")).expect("a link");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("etc/fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .expect("a FIFO");
        folder
    }

    #[test]
    fn a_folder_is_read_as_a_layer_is() {
        let folder = tree();
        let Tree { image, mounts } = read(folder.path()).expect("a tree");
        assert_eq!(mounts, []);
        let variant = &image.variants[0];
        let paths: Vec<&str> = variant.files.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/a",
                "/a-b",
                "/a/up",
                "/bin",
                "/bin/app",
                "/bin/zzz",
                "/etc",
                "/etc/.wh.hidden",
                "/etc/app",
                "/etc/fifo"
            ]
        );
        let node = |path: &str| -> &Node {
            variant.files.iter().find(|it| it.0.as_str() == path).expect(path).1
        };
        assert_eq!(node("/bin/app").mode, 0o4755);
        assert!(matches!(&node("/bin/app").kind, NodeKind::File { content: Content::Elf(_), .. }));
        let first = ImagePath::clean("/bin/app");
        assert!(
            matches!(&node("/bin/zzz").kind, NodeKind::Hardlink { first: it, .. } if *it == first)
        );
        assert_eq!(node("/etc/app").kind, NodeKind::Symlink { target: "../bin/app".to_owned() });
        assert_eq!(node("/etc/fifo").kind, NodeKind::Special);
        let owner = std::fs::metadata(folder.path().join("etc")).expect("it is there");
        assert_eq!(node("/etc").uid, u64::from(owner.uid()));
    }

    #[test]
    fn a_tree_has_the_files_of_the_layer_it_was_unpacked_from() {
        let layer = Made::new()
            .directory("bin")
            .executable("bin/app", program("linux/arm64"))
            .hardlink("bin/again", "bin/app")
            .directory("etc")
            .file("etc/passwd", 0o644, "root:x:0:0:::")
            .symlink("sh", "bin/app");
        let folder = tempfile::tempdir().expect("a folder");
        tar::Archive::new(layer.tar().as_slice()).unpack(folder.path()).expect("a tree");
        let made = MadeVariant::new("linux/arm64").layer(layer);
        let unpacked = read(folder.path()).expect("a tree").image;
        let packed = Fixture::new([made]).inspect(&[]);
        let contents = |image: &ImageFacts| -> Vec<_> {
            let files = image.variants[0].files.iter();
            files.map(|(path, node)| (path.clone(), node.content().cloned())).collect()
        };
        // Which of a file's names is the first is up to the tar.
        assert_eq!(contents(&unpacked), contents(&packed));
    }

    #[test]
    fn the_digest_is_that_of_what_was_read() {
        let folder = tree();
        let digest = || read(folder.path()).expect("a tree").image.digest;
        let before = digest();
        assert_eq!(digest(), before);
        std::fs::write(folder.path().join("etc/.wh.hidden"), "longer text").expect("a file");
        assert_ne!(digest(), before);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(matches!(read(Path::new("/nowhere")), Err(TreeError::Unreadable { .. })));
        let folder = tree();
        let file = folder.path().join("bin/app");
        assert!(matches!(read(&file), Err(TreeError::NotFolder(_))));
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o0)).expect("mode");
        // Root reads everything.
        if std::fs::File::open(&file).is_err() {
            let error = read(folder.path()).expect_err("unreadable").to_string();
            assert!(error.starts_with(&format!("cannot read {}, ", file.display())), "{error}");
        }
    }

    #[test]
    fn what_is_mounted_is_left_out() {
        let (sender, _receiver) = channel();
        // Whatever machine this runs on, its terminals are a mount in a folder that rarely changes.
        let listed = Listing::of(Path::new("/dev"), &sender).expect("a folder");
        assert!(listed.mounts.contains(&ImagePath::clean("/pts")), "{:?}", listed.mounts);
        assert!(listed.found.iter().all(|it| !it.path.to_string().starts_with("/pts/")));
        let listed = Listing::of(tree().path(), &sender).expect("a folder");
        assert_eq!(listed.mounts, []);
        let root = tempfile::tempdir().expect("a folder");
        symlink("/proc", root.path().join("proc")).expect("a link");
        assert_eq!(read(root.path()).expect("a tree").image.variants[0].files.iter().count(), 1);
    }
}
