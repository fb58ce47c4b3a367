//! A tar whose members are read in place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::budget::{Budget, Guarded};
use super::file::{Part, open_regular};
use super::layout::{LayoutErrorKind, blob_path};
use super::{BlobError, Blobs, Descriptor, FileIdentity, Storage};

/// What compressed files begin with, for a better message than that of a broken tar.
const COMPRESSED: [(&[u8], &str); 3] =
    [(b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2")];

/// As many times its own size, or as many MiB if it is small, may a compressed tar take.
const GROWTH: u64 = 200;

const GZIP: &[u8] = b"\x1f\x8b";

/// The most that the list of members may take, in bytes: a million of them.
const LIST_LIMIT: usize = 256 << 20;

/// As many links in a row are followed.
const LINK_LIMIT: usize = 8;

/// A tar whose members are found by their names and read by several threads at once.
#[derive(Clone, Debug)]
pub(super) struct TarFile {
    file: Arc<File>,
    members: Arc<BTreeMap<String, Member>>,
    /// Whether the file is one that somebody may name again, and no spool.
    is_named: bool,
}

#[derive(Clone, Debug)]
enum Member {
    /// Where it lies in the file, in bytes.
    File { start: u64, size: u64 },
    /// Another member's name.
    Link(String),
}

impl TarFile {
    /// Opens a tar; one that is compressed with gzip is decompressed into a file without a name.
    pub(super) fn open(path: &Path) -> Result<Self, LayoutErrorKind> {
        let file = open_regular(path).map_err(LayoutErrorKind::Read)?;
        let mut head = [0; 8];
        let read = file.read_at(&mut head, 0).map_err(LayoutErrorKind::Read)?;
        let head = &head[..read];
        if let Some((_, name)) = COMPRESSED.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(LayoutErrorKind::Compressed(name));
        }
        let tar = if head.starts_with(GZIP) {
            decompressed(&file).and_then(Self::new)
        } else {
            Self::new(file).map(|it| Self { is_named: true, ..it })
        };
        tar.map_err(LayoutErrorKind::Read)
    }

    /// Finds the members of a tar.
    pub(super) fn new(mut file: File) -> io::Result<Self> {
        file.rewind()?;
        let (mut members, mut size) = (BTreeMap::new(), 0);
        let budget = Budget::default();
        let mut tar = tar::Archive::new(Guarded::new(&file, &budget));
        let mut entries = tar.entries_with_seek()?;
        loop {
            // What files hold is not read but passed over.
            budget.allow(0);
            let Some(entry) = entries.next() else { break };
            let entry = entry?;
            // Nothing is ever looked up under a name that leads out of the archive.
            let Some(name) = member_name("", &entry.path_bytes()) else { continue };
            if let Some(member) = member(&entry, &name) {
                size += name.len() + size_of_val(&member);
                members.insert(name, member);
            }
            if size > LIST_LIMIT {
                return Err(io::Error::other("it holds too many files"));
            }
        }
        Ok(Self { file: Arc::new(file), members: Arc::new(members), is_named: false })
    }

    /// Opens a member, links followed.
    pub(super) fn member(&self, name: &str) -> Option<Part> {
        let (start, size) = self.find(name)?;
        Some(Part::new(Arc::clone(&self.file), start, size))
    }

    /// The size of a member, links followed.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        Some(self.find(name)?.1)
    }

    /// Where a member is kept, links followed.
    pub(super) fn storage(&self, name: &str) -> io::Result<Storage> {
        let (start, _) = self.find(name).ok_or(io::ErrorKind::NotFound)?;
        if !self.is_named {
            return Ok(Storage::Spool);
        }
        Ok(Storage::File(FileIdentity::new(&self.file.metadata()?).at(start)))
    }

    fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = name.to_owned();
        for _ in 0..LINK_LIMIT {
            match self.members.get(&name)? {
                Member::File { start, size } => return Some((*start, *size)),
                Member::Link(target) => name.clone_from(target),
            }
        }
        None
    }
}

impl Blobs for TarFile {
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let member = self.member(&blob_path(descriptor.digest));
        Ok(Box::new(member.ok_or(BlobError::Missing(descriptor.digest))?))
    }

    fn storage(&self, descriptor: &Descriptor) -> Result<Storage, BlobError> {
        let storage = TarFile::storage(self, &blob_path(descriptor.digest));
        storage.map_err(|error| BlobError::read(descriptor, error))
    }
}

fn decompressed(file: &File) -> io::Result<File> {
    let mut spool = tempfile::tempfile().map_err(|error| Spool::failed("make", error))?;
    // Zeros shrink to a thousandth: a small file could fill the disk.
    let limit = file.metadata()?.len().saturating_mul(GROWTH).max(GROWTH << 20);
    let mut tar = MultiGzDecoder::new(io::BufReader::new(file)).take(limit + 1);
    if copy(&mut tar, &mut spool)? > limit {
        return Err(io::Error::other(format!(
            "it is compressed to less than 1/{GROWTH}: decompress it first"
        )));
    }
    Ok(spool)
}

/// As [`io::copy`], but of an error that is the file's own it says so.
fn copy(from: &mut impl Read, to: &mut File) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut copied = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        to.write_all(&buffer[..read]).map_err(|error| Spool::failed("write", error))?;
        copied += read as u64;
    }
}

/// Why a compressed archive cannot be decompressed to where temporary files are.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} a temporary file in {} (TMPDIR names another folder)", folder.display())]
struct Spool {
    action: &'static str,
    folder: PathBuf,
    #[source]
    source: io::Error,
}

impl Spool {
    fn failed(action: &'static str, source: io::Error) -> io::Error {
        io::Error::other(Self { action, folder: std::env::temp_dir(), source })
    }
}

fn member<R: Read>(entry: &tar::Entry<'_, R>, name: &str) -> Option<Member> {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let link = |from| Some(Member::Link(member_name(from, &entry.link_name_bytes()?)?));
    match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous => {
            Some(Member::File { start: entry.raw_file_position(), size: entry.size() })
        }
        // The docker save of old links a layer to an equal one.
        EntryType::Symlink => link(folder),
        EntryType::Link => link(""),
        _ => None,
    }
}

/// A path as seen from the archive's root; `None` if it leads out of there.
fn member_name(folder: &str, path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|it| !it.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
