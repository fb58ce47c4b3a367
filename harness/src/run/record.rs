//! Which sessions there are, in a folder of the user's: one that was killed is cleaned up after by
//! the next.
//!
//! A session's file holds the address of its engine, and is locked for as long as its process lives.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use super::Session;
use crate::engine::Endpoint;
use crate::folders::{open_own, open_own_file};

/// A session that is known to others. Dropping this forgets it.
#[derive(Debug)]
pub struct SessionRecord {
    path: PathBuf,
    _lock: File,
}

/// A session whose process is gone.
#[derive(Debug)]
pub struct StaleSession {
    /// What it left in its engine goes by this name.
    pub session: Session,
    record: SessionRecord,
}

impl SessionRecord {
    /// Makes a session known.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn new(session: &Session, engine: &Endpoint, folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        open_own(folder, geteuid().as_raw())?;
        // It is locked before it has its name, so that nobody finds it without.
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        flock(file.as_file(), FlockOperation::LockExclusive)?;
        write!(file, "{engine}")?;
        let path = folder.join(session.to_string());
        let lock = file.persist(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// The sessions at an engine whose processes are gone.
    #[must_use]
    pub fn stale(engine: &Endpoint, folder: &Path) -> Vec<StaleSession> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let stale = entries.filter_map(|entry| {
            let session = Session::parse(entry.file_name().to_str()?)?;
            let (path, mut lock) = (entry.path(), open_own_file(&entry.path()).ok()?);
            flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
            let mut address = String::new();
            lock.read_to_string(&mut address).ok()?;
            let is_here = address == engine.to_string();
            // Made only if it is to be looked after: dropping one forgets it.
            is_here.then(|| StaleSession { session, record: SessionRecord { path, _lock: lock } })
        });
        stale.collect()
    }
}

impl StaleSession {
    /// Nothing of it is left.
    pub fn forget(self) {
        drop(self.record);
    }

    /// There may still be something: the next one tries again.
    pub fn keep(self) {
        // Only the lock goes.
        let Self { mut record, .. } = self;
        record.path = PathBuf::new();
    }
}

impl Drop for SessionRecord {
    fn drop(&mut self) {
        // What cannot be removed is looked at again, and found to be of nobody.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(path: &str) -> Endpoint {
        Endpoint::Unix(PathBuf::from(path))
    }

    #[test]
    fn only_what_nobody_holds_is_stale() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().join("sessions");
        let (here, there) = (endpoint("/here.sock"), endpoint("/there.sock"));
        let (living, dead) = (Session::new().expect("a name"), Session::new().expect("a name"));
        let record = SessionRecord::new(&living, &here, &at).expect("a record");
        fs::write(at.join(dead.to_string()), here.to_string()).expect("a file");
        fs::write(at.join("notes"), here.to_string()).expect("a file");
        assert_eq!(SessionRecord::stale(&there, &at).len(), 0, "another engine's");
        let [found] = <[StaleSession; 1]>::try_from(SessionRecord::stale(&here, &at)).expect("one");
        assert_eq!(found.session, dead);
        found.keep();
        let [found] = <[StaleSession; 1]>::try_from(SessionRecord::stale(&here, &at)).expect("one");
        found.forget();
        assert_eq!(SessionRecord::stale(&here, &at).len(), 0, "forgotten");
        drop(record);
        assert_eq!(fs::read_dir(&at).expect("a folder").count(), 1, "only the notes are left");
    }
}
