//! Walks a local folder in the order that BuildKit's receiver demands.
//!
//! Every entry comes after its folder, the entries of a folder sorted by their bytes; of the
//! files that are one (hard links), the first carries the content and the others name it. Source:
//! [tonistiigi/fsutil](https://github.com/tonistiigi/fsutil), `fs.go`, `stat.go`, `validator.go`.

use std::collections::HashMap;
use std::fs::{DirEntry, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::fsutil::types::Stat;

use super::filter::{Filter, Inherited};

/// Go's `io/fs.FileMode` above the permission bits: what the receiver reads modes as.
mod mode {
    pub(super) const DIR: u32 = 1 << 31;
    pub(super) const SYMLINK: u32 = 1 << 27;
    pub(super) const DEVICE: u32 = 1 << 26;
    pub(super) const NAMED_PIPE: u32 = 1 << 25;
    pub(super) const SETUID: u32 = 1 << 23;
    pub(super) const SETGID: u32 = 1 << 22;
    pub(super) const CHAR_DEVICE: u32 = 1 << 21;
    pub(super) const STICKY: u32 = 1 << 20;
}

/// A file of a folder that cannot be sent.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) path: PathBuf,
    pub(super) cause: io::Error,
}

/// Who takes the entries; asks to stop with [`ControlFlow::Break`].
pub(super) type Visit<'a> = dyn FnMut(Stat) -> ControlFlow<()> + 'a;

/// Why a walk ended before its end.
enum Stop {
    Asked,
    Unreadable(Unreadable),
}

/// Whether an entry is a regular file: of these alone the receiver asks for the content.
pub(super) fn is_regular(stat: &Stat) -> bool {
    // Go's `ModeType`: all the bits that make a file something else.
    const TYPE: u32 = mode::DIR
        | mode::SYMLINK
        | mode::NAMED_PIPE
        | (1 << 24)
        | mode::DEVICE
        | mode::CHAR_DEVICE
        | (1 << 19);
    stat.mode & TYPE == 0
}

/// Shows every entry of a folder that the filter lets through, with the folders that it lies in.
///
/// # Errors
///
/// Names the file or folder that cannot be read. One that has vanished is left out.
pub(super) fn walk(root: &Path, filter: &Filter, visit: &mut Visit<'_>) -> Result<(), Unreadable> {
    let mut walker = Walker { filter, visit, first_names: HashMap::new(), unsent: Vec::new() };
    let root = Folder { path: root.to_owned(), name: String::new(), inherited: None };
    match walker.folder(&root, Sent::Yes) {
        Ok(()) | Err(Stop::Asked) => Ok(()),
        Err(Stop::Unreadable(it)) => Err(it),
    }
}

struct Walker<'a, 'b> {
    filter: &'a Filter,
    visit: &'a mut Visit<'b>,
    /// Device and inode to the name first sent, of files with several names.
    first_names: HashMap<(u64, u64), String>,
    /// The folders on the way down that the filter leaves out, unless something in them is sent.
    unsent: Vec<Stat>,
}

struct Folder {
    path: PathBuf,
    /// Relative to the root; empty for the root itself.
    name: String,
    inherited: Option<Inherited>,
}

/// Whether a folder is sent for its own sake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Yes,
    OnDemand,
}

impl Walker<'_, '_> {
    fn folder(&mut self, folder: &Folder, sent: Sent) -> Result<(), Stop> {
        let entries = match sorted_entries(&folder.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            // What is excluded may be closed to us: an exception that lies in it cannot be meant.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && sent == Sent::OnDemand => {
                return Ok(());
            }
            Err(cause) => return Err(unreadable(&folder.path, cause)),
        };
        entries.iter().try_for_each(|entry| self.entry(folder, entry))
    }

    fn entry(&mut self, folder: &Folder, entry: &DirEntry) -> Result<(), Stop> {
        let path = entry.path();
        let lossy = entry.file_name().to_string_lossy().into_owned();
        let name = if folder.name.is_empty() { lossy } else { format!("{}/{lossy}", folder.name) };
        let fate = self.filter.decide(&name, folder.inherited.as_ref());
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(_) if !fate.sent => return Ok(()),
            Err(cause) => return Err(unreadable(&path, cause)),
        };
        if metadata.is_dir() {
            let inner = Folder { path, name, inherited: Some(fate.inherited) };
            return match (fate.sent, fate.entered) {
                (true, _) => self.sent_folder(&inner, &metadata),
                (false, true) => self.unsent_folder(&inner, &metadata),
                (false, false) => Ok(()),
            };
        }
        if !fate.sent {
            return Ok(());
        }
        let stat = self.stat(&path, &name, &metadata)?;
        self.show(stat)
    }

    fn sent_folder(&mut self, folder: &Folder, metadata: &Metadata) -> Result<(), Stop> {
        let stat = self.stat(&folder.path, &folder.name, metadata)?;
        self.show(stat)?;
        self.folder(folder, Sent::Yes)
    }

    fn unsent_folder(&mut self, folder: &Folder, metadata: &Metadata) -> Result<(), Stop> {
        let stat = self.stat(&folder.path, &folder.name, metadata)?;
        let depth = self.unsent.len();
        self.unsent.push(stat);
        self.folder(folder, Sent::OnDemand)?;
        self.unsent.truncate(depth);
        Ok(())
    }

    /// Shows an entry, after the folders that it needs.
    fn show(&mut self, stat: Stat) -> Result<(), Stop> {
        for stat in self.unsent.drain(..).chain([stat]) {
            if (self.visit)(stat).is_break() {
                return Err(Stop::Asked);
            }
        }
        Ok(())
    }

    fn stat(&mut self, path: &Path, name: &str, metadata: &Metadata) -> Result<Stat, Stop> {
        if path.file_name().is_some_and(|it| it.to_str().is_none()) {
            let cause = io::Error::new(ErrorKind::InvalidData, "its name is not UTF-8");
            return Err(unreadable(path, cause));
        }
        let mut stat = plain_stat(name, metadata);
        if metadata.is_symlink() {
            stat.linkname = link_target(path).map_err(|cause| unreadable(path, cause))?;
        } else if metadata.is_file() && metadata.nlink() > 1 {
            let inode = (metadata.dev(), metadata.ino());
            if let Some(first) = self.first_names.get(&inode) {
                stat.linkname.clone_from(first);
                stat.size = 0;
            } else {
                self.first_names.insert(inode, name.to_owned());
            }
        }
        stat.xattrs = xattrs(path).map_err(|cause| unreadable(path, cause))?;
        Ok(stat)
    }
}

fn unreadable(path: &Path, cause: io::Error) -> Stop {
    Stop::Unreadable(Unreadable { path: path.to_owned(), cause })
}

fn sorted_entries(path: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = std::fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_unstable_by_key(DirEntry::file_name);
    Ok(entries)
}

/// What is known from the inode. The owner is root, whoever owns the file here: an image does not
/// depend on who built it.
fn plain_stat(name: &str, metadata: &Metadata) -> Stat {
    let kind = metadata.file_type();
    let is_device = kind.is_block_device() || kind.is_char_device();
    let (major, minor) =
        if is_device { device_numbers(metadata.rdev()) } else { Default::default() };
    Stat {
        path: name.to_owned(),
        mode: go_mode(kind, metadata.mode()),
        size: if metadata.is_dir() { 0 } else { metadata.size().cast_signed() },
        mod_time: metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec()),
        devmajor: major,
        devminor: minor,
        ..Stat::default()
    }
}

/// A socket has no bit: the receiver makes an empty file of it, as it does for docker's client.
fn go_mode(kind: FileType, st_mode: u32) -> u32 {
    let kind = match () {
        () if kind.is_dir() => mode::DIR,
        () if kind.is_symlink() => mode::SYMLINK,
        () if kind.is_fifo() => mode::NAMED_PIPE,
        () if kind.is_block_device() => mode::DEVICE,
        () if kind.is_char_device() => mode::DEVICE | mode::CHAR_DEVICE,
        () => 0,
    };
    let special = [(0o4000, mode::SETUID), (0o2000, mode::SETGID), (0o1000, mode::STICKY)];
    special
        .iter()
        .filter(|(bit, _)| st_mode & bit != 0)
        .fold(kind | (st_mode & 0o777), |mode, it| mode | it.1)
}

fn device_numbers(rdev: u64) -> (i64, i64) {
    (i64::from(rustix::fs::major(rdev)), i64::from(rustix::fs::minor(rdev)))
}

fn link_target(path: &Path) -> io::Result<String> {
    let target = std::fs::read_link(path)?;
    target
        .into_os_string()
        .into_string()
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "the target of the link is not UTF-8"))
}

/// Extended attributes, file capabilities among them. One that cannot be read is left out, as
/// docker's client does; so are all on a file system that has none.
fn xattrs(path: &Path) -> io::Result<HashMap<String, Vec<u8>>> {
    let mut names = Vec::with_capacity(256);
    loop {
        names.clear();
        match rustix::fs::llistxattr(path, rustix::buffer::spare_capacity(&mut names)) {
            Ok(_) => break,
            Err(rustix::io::Errno::RANGE) => names.reserve(names.capacity() * 2),
            Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOENT) => return Ok(HashMap::new()),
            Err(error) => return Err(error.into()),
        }
    }
    let names = names.split(|byte| *byte == 0).filter_map(|it| std::str::from_utf8(it).ok());
    Ok(names
        .filter(|name| !name.is_empty())
        .filter_map(|name| Some((name.to_owned(), xattr(path, name)?)))
        .collect())
}

/// The kernel's limit on the value of one attribute, `XATTR_SIZE_MAX`.
const MAX_XATTR: usize = 64 << 10;

fn xattr(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(MAX_XATTR);
    rustix::fs::lgetxattr(path, name, rustix::buffer::spare_capacity(&mut value)).ok()?;
    value.shrink_to_fit();
    Some(value)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use tonic::metadata::MetadataMap;

    use super::*;
    use crate::build::filter::Wanted;

    /// Walks with the headers that BuildKit would send.
    fn walked(root: &Path, headers: &[(&'static str, &str)]) -> Result<Vec<Stat>, Unreadable> {
        let mut metadata = MetadataMap::new();
        for (name, value) in headers {
            metadata.append(*name, value.parse().expect("a header"));
        }
        let filter = Wanted::from_metadata(&metadata).filter(root).expect("patterns");
        let mut stats = Vec::new();
        walk(root, &filter, &mut |stat| {
            stats.push(stat);
            ControlFlow::Continue(())
        })?;
        Ok(stats)
    }

    fn names(root: &Path, headers: &[(&'static str, &str)]) -> Vec<String> {
        walked(root, headers).expect("a walk").into_iter().map(|it| it.path).collect()
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, *file).expect("a file");
        }
        root
    }

    #[test]
    fn entries_come_sorted_within_their_folders() {
        let root = folder(&["b/x", "b-c", "b.c/y", "a", "B"]);
        let expected = ["B", "a", "b", "b/x", "b-c", "b.c", "b.c/y"];
        assert_eq!(names(root.path(), &[]), expected);
    }

    #[test]
    fn folders_are_sent_where_something_in_them_is() {
        let root = folder(&["out/a/keep", "out/b/drop", "src/deep/wanted", "src/other"]);
        let exclude = [("exclude-patterns", "out"), ("exclude-patterns", "!out/*/keep")];
        let expected =
            ["out", "out/a", "out/a/keep", "src", "src/deep", "src/deep/wanted", "src/other"];
        assert_eq!(names(root.path(), &exclude), expected);
        let follow = [("followpaths", "src/deep")];
        assert_eq!(names(root.path(), &follow), ["src", "src/deep", "src/deep/wanted"]);
        let both = [("followpaths", "src"), ("exclude-patterns", "**/deep")];
        assert_eq!(names(root.path(), &both), ["src", "src/other"]);
        assert!(names(root.path(), &[("followpaths", "nosuch")]).is_empty());
    }

    #[test]
    fn modes_are_those_of_go() {
        let root = folder(&["file", "special"]);
        let at = |name: &str| root.path().join(name);
        let set = |name: &str, mode| {
            std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(mode))
                .expect("a mode");
        };
        set("file", 0o640);
        set("special", 0o7755);
        symlink("file", at("link")).expect("a link");
        std::fs::create_dir(at("folder")).expect("a folder");
        set("folder", 0o700);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .expect("a pipe");
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
        let stats = walked(root.path(), &[]).expect("a walk");
        let modes: Vec<(&str, u32)> = stats.iter().map(|it| (&*it.path, it.mode)).collect();
        assert_eq!(modes[0], ("file", 0o640));
        assert_eq!(modes[1], ("folder", mode::DIR | 0o700));
        assert_eq!(modes[2], ("link", mode::SYMLINK | 0o777));
        assert_eq!(modes[3].1 & !0o777, mode::NAMED_PIPE);
        assert_eq!((modes[4].0, modes[4].1 & !0o777), ("socket", 0));
        let special = mode::SETUID | mode::SETGID | mode::STICKY;
        assert_eq!(modes[5], ("special", special | 0o755));
        let regular: Vec<&str> =
            stats.iter().filter(|it| is_regular(it)).map(|it| &*it.path).collect();
        assert_eq!(regular, ["file", "socket", "special"]);
        assert!(stats.iter().all(|it| (it.uid, it.gid) == (0, 0)));
    }

    #[test]
    fn the_first_name_sent_carries_the_content_of_a_file_with_several() {
        let root = folder(&["a", "z"]);
        std::fs::hard_link(root.path().join("a"), root.path().join("b")).expect("a link");
        std::fs::hard_link(root.path().join("a"), root.path().join("c")).expect("a link");
        let links = |headers: &[(&'static str, &str)]| -> Vec<(String, String, i64)> {
            let stats = walked(root.path(), headers).expect("a walk");
            stats.into_iter().map(|it| (it.path, it.linkname, it.size)).collect()
        };
        let entry = |name: &str, link: &str, size| (name.to_owned(), link.to_owned(), size);
        let all = [entry("a", "", 1), entry("b", "a", 0), entry("c", "a", 0), entry("z", "", 1)];
        assert_eq!(links(&[]), all);
        let without_a = [entry("b", "", 1), entry("c", "b", 0), entry("z", "", 1)];
        assert_eq!(links(&[("exclude-patterns", "a")]), without_a);
    }

    #[test]
    fn a_walk_stops_when_nobody_listens() {
        let root = folder(&["a", "b", "c"]);
        let filter = Wanted::default().filter(root.path()).expect("no patterns");
        let mut count = 0;
        let stopped = walk(root.path(), &filter, &mut |_| {
            count += 1;
            ControlFlow::Break(())
        });
        assert!(stopped.is_ok());
        assert_eq!(count, 1);
    }
}
