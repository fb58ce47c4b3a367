//! A layer is unpacked over the layers below it, as container engines do it: inside the filesystem
//! that these make, so that a path through a link of a lower layer leads where it will lead in the
//! image. Links cannot lead anywhere else, for that filesystem is the helper's root.
//!
//! Owners are not kept: everything belongs to the user of the sandbox. Neither are set-user-ID bits,
//! which would be that user's, nor devices, which nobody could open.
//!
//! Source: OCI image-spec, layer.md.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD, FileType, Mode, linkat, mknodat};
use rustix::mount::mount_bind;
use rustix::thread::UnshareFlags;
use tar::EntryType;

use super::fault::{Fault, While};
use super::filesystem::{Staging, enter_root, mount_writable};
use super::namespaces::{enter, new_user};
use super::protocol::{IMAGE_QUOTA, UnpackOrder};
use crate::linux::MAXSYMLINKS;

/// Directories that no entry names.
const PARENT_MODE: u32 = 0o755;

/// What an entry takes on a disk beside its bytes, at least.
const ENTRY: u64 = 4 << 10;

/// Unpacks the tar that is read from `tar`. Gives what that takes, in bytes.
pub(super) fn unpack(order: &UnpackOrder, mut tar: impl Read) -> Result<u64, Fault> {
    new_user(0, 0)?;
    enter(UnshareFlags::NEWNS).to("enter a mount namespace")?;
    let root = Staging::over(&order.staging)?.directory("root")?;
    if order.below.is_empty() {
        mount_bind(&order.files, &root).to("mount the layer's folder")?;
    } else {
        let below = order.below.iter().map(PathBuf::as_path);
        mount_writable(below, &order.files, &order.work, &root)?;
    }
    enter_root(&root)?;
    rustix::process::umask(Mode::empty());
    let mut layer = Layer { quota: order.quota, ..Layer::default() };
    layer.read(&mut tar)?;
    // Who sends it is not to find the way closed before all is said.
    io::copy(&mut tar, &mut io::sink()).to("read the layer")?;
    layer.finish()?;
    Ok(layer.size)
}

/// More than an image may take on the disk.
#[derive(Debug, thiserror::Error)]
#[error("the image takes more than {} GiB unpacked", IMAGE_QUOTA >> 30)]
struct OverQuota;

/// A layer in the making.
#[derive(Default)]
struct Layer {
    /// What it has put there itself, which its own whiteouts do not hide.
    own: HashSet<PathBuf>,
    /// Directories in which nothing of lower layers is left. To look again takes as long as there
    /// were entries.
    emptied: HashSet<PathBuf>,
    /// Directories get their modes when all is in them.
    directories: Vec<(PathBuf, u32)>,
    /// What it takes so far, and may take, in bytes.
    size: u64,
    quota: u64,
}

impl Layer {
    fn read(&mut self, tar: impl Read) -> Result<(), Fault> {
        let mut tar = tar::Archive::new(tar);
        for entry in tar.entries().to("read the layer")? {
            let mut entry = entry.to("read the layer")?;
            let path = clean(&entry.path_bytes());
            self.size += ENTRY.saturating_add(entry.size());
            if self.size > self.quota {
                return Err(Fault::new("unpack the layer", OverQuota));
            }
            self.add(&path, &mut entry).to(&format!("unpack {}", path.display()))?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), Fault> {
        for (path, mode) in self.directories.iter().rev() {
            let is_there = fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
            if is_there {
                fs::set_permissions(path, Permissions::from_mode(*mode))
                    .to(&format!("unpack {}", path.display()))?;
            }
        }
        Ok(())
    }

    fn add<R: Read>(&mut self, path: &Path, entry: &mut tar::Entry<'_, R>) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().as_bytes();
        if name == b".wh..wh..opq" {
            let directory = real_parent(path)?;
            if self.emptied.insert(directory.clone()) {
                self.empty(&directory)?;
            }
            return Ok(());
        }
        if name.starts_with(b".wh..wh.") {
            return Ok(());
        }
        if let Some(hidden) = name.strip_prefix(b".wh.") {
            let path = real_parent(path)?.join(OsStr::from_bytes(hidden));
            return if self.own.contains(&path) { Ok(()) } else { remove(&path) };
        }
        let path = real_parent(path)?.join(path.file_name().unwrap_or_default());
        self.put(&path, entry)?;
        self.own.insert(path);
        Ok(())
    }

    /// Removes what lower layers have in a directory.
    fn empty(&self, directory: &Path) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if self.own.contains(&path) {
                if fs::symlink_metadata(&path)?.is_dir() {
                    self.empty(&path)?;
                }
            } else {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn put<R: Read>(&mut self, path: &Path, entry: &mut tar::Entry<'_, R>) -> io::Result<()> {
        let mode = entry.header().mode().unwrap_or(0o644) & 0o1777;
        let link = clean_link(entry);
        match entry.header().entry_type() {
            EntryType::Directory => {
                make_directory(path)?;
                self.directories.push((path.to_owned(), mode));
                Ok(())
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                remove(path)?;
                let mut file = File::create_new(path)?;
                io::copy(entry, &mut file)?;
                file.set_permissions(Permissions::from_mode(mode))?;
                let seconds = entry.header().mtime().unwrap_or_default();
                let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
                // A time that the filesystem cannot keep is no reason to fail.
                let _ = file.set_modified(time.unwrap_or(SystemTime::UNIX_EPOCH));
                Ok(())
            }
            EntryType::Symlink => {
                remove(path)?;
                symlink(OsStr::from_bytes(&link), path)
            }
            EntryType::Link => {
                let target = clean(&link);
                let target = real_parent(&target)?.join(target.file_name().unwrap_or_default());
                match fs::symlink_metadata(&target) {
                    // A link to nowhere makes no file.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                    _ if target == path => return Ok(()),
                    _ => {}
                }
                remove(path)?;
                Ok(linkat(CWD, &target, CWD, path, AtFlags::empty())?)
            }
            EntryType::Fifo => {
                remove(path)?;
                Ok(mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(mode), 0)?)
            }
            // Whatever was there before is not there any more.
            EntryType::Char | EntryType::Block => remove(path),
            _ => Ok(()),
        }
    }
}

fn clean_link<R: Read>(entry: &tar::Entry<'_, R>) -> Vec<u8> {
    entry.link_name_bytes().unwrap_or_default().into_owned()
}

/// An absolute path without `.`, `..` and empty parts; `..` stops at the root.
fn clean(raw: &[u8]) -> PathBuf {
    let mut path = PathBuf::from("/");
    for component in Path::new(OsStr::from_bytes(raw)).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                path.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    path
}

/// The directory that a path lies in, links followed as far as they lead anywhere. It is made where
/// it is not there: a link in a circle is in its way, and replaced, as the image's facts have it.
fn real_parent(path: &Path) -> io::Result<PathBuf> {
    let Some(parent) = path.parent() else { return Ok(PathBuf::from("/")) };
    let real = follow(parent)?.unwrap_or_else(|| parent.to_owned());
    make_all(&real)?;
    Ok(real)
}

/// Where a path leads, whether or not anything is there; `None` where its links are in a circle.
fn follow(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut real = PathBuf::from("/");
    let mut left = Vec::new();
    push_parts(path, &mut left);
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == ".." {
            real.pop();
            continue;
        }
        let next = real.join(part);
        match fs::read_link(&next) {
            Ok(_) if links == MAXSYMLINKS => return Ok(None),
            Ok(target) => {
                links += 1;
                if target.is_absolute() {
                    real = PathBuf::from("/");
                }
                push_parts(&target, &mut left);
            }
            Err(error) if is_no_link(&error) => real = next,
            Err(error) => return Err(error),
        }
    }
    Ok(Some(real))
}

/// Puts the parts of a path on a stack, the first on top.
fn push_parts(path: &Path, stack: &mut Vec<OsString>) {
    let parts = path.components().rev().filter_map(|it| match it {
        Component::Normal(_) | Component::ParentDir => Some(it.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    stack.extend(parts);
}

/// Something else is there, or nothing.
fn is_no_link(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), InvalidInput | NotADirectory | NotFound)
}

/// Makes a directory and those above it. What is in their way is replaced.
fn make_all(path: &Path) -> io::Result<()> {
    let is_directory = |path: &Path| fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
    let missing: Vec<&Path> = path.ancestors().take_while(|it| !is_directory(it)).collect();
    for directory in missing.into_iter().rev() {
        make_directory(directory)?;
        fs::set_permissions(directory, Permissions::from_mode(PARENT_MODE))?;
    }
    Ok(())
}

fn make_directory(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::create_dir(path)
}

/// Removes a file or a directory with all that is in it; what is not there is fine.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
