//! The user's folders, and whether nobody else has a hand in them.
//!
//! Whoever may write to a cache decides what is believed and, where root uses it, what is given away
//! or removed. So folders are opened without following links, and looked at once they are open.

use std::fs::{DirEntry, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
use thiserror::Error;

/// Entries of caches that nobody used for so long are removed.
pub(crate) const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// Whether nobody used an entry of a cache for so long. Whoever uses one sets its time.
pub(crate) fn is_forgotten(entry: &DirEntry) -> bool {
    let modified = entry.metadata().and_then(|it| it.modified());
    modified.ok().and_then(|it| it.elapsed().ok()).is_some_and(|it| it > KEPT_FOR)
}

/// `archproof` in the user's folder for caches, if there is such a folder.
///
/// Source: XDG Base Directory Specification 0.8, `XDG_CACHE_HOME`: relative paths are ignored.
#[must_use]
pub fn user_cache() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|it: &PathBuf| it.is_absolute());
    let caches =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    caches.map(|it| it.join("archproof"))
}

/// Why a folder of a cache is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A link or a file is in its place.
    #[error(
        "{} is not a folder, and links are not followed: remove it, or let XDG_CACHE_HOME name \
         another folder for caches", path.display()
    )]
    NotAFolder {
        /// Where.
        path: PathBuf,
    },
    /// It is somebody else's.
    #[error(
        "{} belongs to user {owner}, who could change what user {user} finds there: let \
         XDG_CACHE_HOME name a folder of your own", path.display()
    )]
    Foreign {
        /// Where.
        path: PathBuf,
        /// Whose it is, as a number.
        owner: u32,
        /// Whose it should be, as a number.
        user: u32,
    },
    /// Others may change what is in it.
    #[error(
        "others may write to {}: `chmod go-w` it if you trust what is in it, or let XDG_CACHE_HOME \
         name another folder for caches", path.display()
    )]
    Open {
        /// Where.
        path: PathBuf,
    },
    /// It cannot be opened.
    #[error("cannot open the folder {}", path.display())]
    Unusable {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<FolderError> for io::Error {
    fn from(error: FolderError) -> Self {
        Self::other(error)
    }
}

/// Looks at what there is of the user's folder for caches. What is not there will be made.
///
/// # Errors
///
/// When somebody else has a hand in it.
pub fn check_user_cache() -> Result<(), FolderError> {
    user_cache().map_or(Ok(()), |cache| check_cache(&cache))
}

fn check_cache(cache: &Path) -> Result<(), FolderError> {
    if let Some(parent) = cache.parent().filter(|it| it.exists()) {
        check_parent(parent)?;
    }
    for name in ["", "facts", "sessions"] {
        // Without the slash that joining nothing leaves: it would follow a link.
        let folder = if name.is_empty() { cache.to_owned() } else { cache.join(name) };
        match open_own(&folder, geteuid().as_raw()) {
            Err(FolderError::Unusable { source, .. })
                if source.kind() == io::ErrorKind::NotFound => {}
            opened => drop(opened?),
        }
    }
    Ok(())
}

/// Whoever owns the folder above could put another cache in the place of ours. It may be root's, and
/// open to all where nobody can rename what is another's.
fn check_parent(parent: &Path) -> Result<(), FolderError> {
    const STICKY: u32 = 0o1000;
    let path = || parent.to_owned();
    let unusable = |error: Errno| FolderError::Unusable { path: path(), source: error.into() };
    let found = rustix::fs::stat(parent).map_err(unusable)?;
    let user = geteuid().as_raw();
    if found.st_uid != user && found.st_uid != 0 {
        return Err(FolderError::Foreign { path: path(), owner: found.st_uid, user });
    }
    if is_open(&found) && found.st_mode & STICKY == 0 {
        return Err(FolderError::Open { path: path() });
    }
    Ok(())
}

/// Opens a folder that belongs to a user, and that nobody else may write to. A link is no folder.
///
/// # Errors
///
/// When it is not, or cannot be opened.
pub(crate) fn open_own(path: &Path, owner: u32) -> Result<OwnedFd, FolderError> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = open(path, flags, Mode::empty());
    check_own(opened, path, owner)
}

/// Looks at a folder that was opened without following links.
pub(crate) fn check_own(
    opened: Result<OwnedFd, Errno>,
    path: &Path,
    user: u32,
) -> Result<OwnedFd, FolderError> {
    let path = path.to_owned();
    let folder = match opened {
        Ok(folder) => folder,
        Err(Errno::LOOP | Errno::NOTDIR) => return Err(FolderError::NotAFolder { path }),
        Err(error) => return Err(FolderError::Unusable { path, source: error.into() }),
    };
    match fstat(&folder) {
        Err(error) => Err(FolderError::Unusable { path, source: error.into() }),
        Ok(found) if found.st_uid != user => {
            Err(FolderError::Foreign { path, owner: found.st_uid, user })
        }
        Ok(found) if is_open(&found) => Err(FolderError::Open { path }),
        Ok(_) => Ok(folder),
    }
}

/// Opens a regular file of the user's own, which nobody else may write to. A link is no file.
pub(crate) fn open_own_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty())?;
    let found = fstat(file.as_fd())?;
    let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    if !is_file || found.st_uid != geteuid().as_raw() || is_open(&found) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(File::from(file))
}

/// Whether others may write to it. The group that a user has alone is the user: where it may write,
/// as some distributions have it, nobody else may.
fn is_open(found: &Stat) -> bool {
    found.st_mode & 0o002 != 0 || found.st_mode & 0o020 != 0 && found.st_gid != getegid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn cache() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = folder.path().join("archproof");
        fs::create_dir_all(cache.join("facts")).expect("a folder");
        (folder, cache)
    }

    fn open_up(path: &Path) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("a mode");
    }

    #[test]
    fn a_cache_of_ones_own_is_used_and_need_not_be_there() {
        let (_folder, cache) = cache();
        check_cache(&cache).expect("ours");
        check_cache(&cache.join("below/archproof")).expect("nothing is there yet");
        check_cache(&std::env::temp_dir().join("archproof-none")).expect("sticky");
    }

    #[test]
    fn links_are_not_followed() {
        let (folder, cache) = cache();
        for name in ["archproof", "archproof/facts", "archproof/sessions"] {
            let (place, kept) = (folder.path().join(name), folder.path().join("kept"));
            let is_there = fs::rename(&place, &kept).is_ok();
            symlink(if is_there { &kept } else { folder.path() }, &place).expect("a link");
            let error = check_cache(&cache).expect_err(name);
            assert!(matches!(error, FolderError::NotAFolder { .. }), "{name}: {error}");
            fs::remove_file(&place).expect("the link");
            if is_there {
                fs::rename(&kept, &place).expect("the folder");
            }
        }
        let file = folder.path().join("file");
        fs::write(&file, "own").expect("a file");
        open_own_file(&file).expect("ours");
        symlink(&file, folder.path().join("link")).expect("a link");
        open_own_file(&folder.path().join("link")).expect_err("a link");
    }

    #[test]
    fn what_others_may_write_to_is_refused() {
        for name in ["", "archproof", "archproof/facts"] {
            let (folder, cache) = cache();
            open_up(&folder.path().join(name));
            let error = check_cache(&cache).expect_err(name);
            assert!(matches!(error, FolderError::Open { .. }), "{name}: {error}");
        }
    }

    #[test]
    fn what_is_somebody_elses_is_refused() {
        if !geteuid().is_root() {
            return;
        }
        for name in ["", "archproof", "archproof/facts"] {
            let (folder, cache) = cache();
            chown(folder.path().join(name), Some(54321), None).expect("root may");
            let error = check_cache(&cache).expect_err(name);
            assert!(matches!(error, FolderError::Foreign { owner: 54321, .. }), "{name}: {error}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
