//! Temporary folders that do not outlive a killed process for long: the next one removes them.

use std::fs::{self, DirEntry};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::folders::open_own;

/// What the names begin with.
const PREFIX: &str = ".archproof-build-";
/// The name of a file that is there when the folder is locked: a folder of that name without it is not
/// one of these.
const LOCKED: &str = ".archproof-lock";
/// An empty folder may be one that its process is about to lock. After this time it is a stale one.
const NEW: Duration = Duration::from_mins(1);

/// A folder in `TMPDIR`, which is removed when this is dropped.
///
/// It is locked for as long as its process lives. A folder that nobody holds a lock on was left by a
/// process that was killed.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    folder: TempDir,
    _lock: OwnedFd,
}

impl TemporaryFolder {
    /// Makes a folder, and removes those that killed processes of this user left.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub(crate) fn new() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        remove_stale(&parent);
        Self::new_in(&parent)
    }

    fn new_in(parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let lock = open_own(folder.path(), geteuid().as_raw())?;
        flock(&lock, FlockOperation::LockExclusive)?;
        // From now on a folder without a lock is stale: see `NEW`.
        fs::File::create(folder.path().join(LOCKED))?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes folders whose processes are gone. What cannot be removed stays for the next process.
fn remove_stale(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for folder in entries.filter_map(|it| stale(&it)) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// The path of an entry if it is a folder of this user's that nobody holds.
fn stale(entry: &DirEntry) -> Option<PathBuf> {
    entry.file_name().to_str().filter(|it| it.starts_with(PREFIX))?;
    let path = entry.path();
    let folder = open_own(&path, geteuid().as_raw()).ok()?;
    flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()?;
    let is_empty = fs::read_dir(&path).ok()?.next().is_none();
    let age = entry.metadata().ok()?.modified().ok()?.elapsed().unwrap_or_default();
    (path.join(LOCKED).is_file() || is_empty && age > NEW).then_some(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_folders_of_killed_processes_are_removed() {
        let parent = tempfile::tempdir().expect("a folder");
        let of_living = TemporaryFolder::new_in(parent.path()).expect("a folder");
        fs::write(of_living.path().join("image.tar"), "image").expect("a file");
        let path = |name: &str| parent.path().join(name);
        let folders = ["killed", "new", "of-somebody"].map(|it| path(&format!("{PREFIX}{it}")));
        let [killed, new, of_somebody] = &folders;
        for folder in folders.iter().chain([&path("archproof-build")]) {
            fs::create_dir(folder).expect("a folder");
        }
        for file in [LOCKED, "image.tar"] {
            fs::write(killed.join(file), "image").expect("a file");
        }
        fs::write(of_somebody.join("file"), "text").expect("a file");
        fs::write(path("archproof-build").join(LOCKED), "text").expect("a file");
        symlink(path("archproof-build"), path(&format!("{PREFIX}link"))).expect("a link");
        remove_stale(parent.path());
        assert!(!killed.exists());
        for kept in [new, &of_somebody.join("file"), &path("archproof-build").join(LOCKED)] {
            assert!(kept.exists(), "{}", kept.display());
        }
        let living = of_living.path().to_owned();
        assert!(living.join("image.tar").exists());
        drop(of_living);
        assert!(!living.exists());
    }
}
