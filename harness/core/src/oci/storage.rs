//! Where blobs are kept, and whether their bytes may have changed since somebody hashed them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

/// Where a blob is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In a registry, which is asked for it by its digest.
    Registry,
    /// In a file of this machine.
    File(FileIdentity),
    /// In a file without a name, which nobody meets again.
    Spool,
}

/// What tells a file with certain bytes from all others: the kernel sets `ctime` whenever bytes or
/// `mtime` change, and lets nobody set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    size: u64,
    /// In seconds and nanoseconds since 1970.
    mtime: (i64, i64),
    /// In seconds and nanoseconds since 1970.
    ctime: (i64, i64),
    /// Of the blob in the file, or in what the file decompresses to, in bytes.
    offset: u64,
}

/// As long after its last change a file has settled: the clock of a filesystem may go in steps of
/// two seconds, and what is changed twice in one step bears one time.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

impl FileIdentity {
    /// Of a whole file.
    #[must_use]
    pub fn new(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            mtime: (file.mtime(), file.mtime_nsec()),
            ctime: (file.ctime(), file.ctime_nsec()),
            offset: 0,
        }
    }

    /// Of what begins at an offset in it, in bytes.
    #[must_use]
    pub const fn at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// Whether a change after some moment bears another time, so that it cannot hide.
    #[must_use]
    pub fn is_settled(&self, at: SystemTime) -> bool {
        let (Ok(seconds), Ok(nanos)) = (u64::try_from(self.ctime.0), u32::try_from(self.ctime.1))
        else {
            return false;
        };
        let changed = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
        at.duration_since(changed).is_ok_and(|it| it >= SETTLED_AFTER)
    }

    /// The identity as text, another for each.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { device, inode, size, mtime, ctime, offset } = self;
        format!("{device} {inode} {size} {}.{} {}.{} {offset}", mtime.0, mtime.1, ctime.0, ctime.1)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_settles_some_time_after_its_last_change() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let identity = FileIdentity::new(&file.as_file().metadata().expect("metadata"));
        let now = SystemTime::now();
        assert!(!identity.is_settled(now));
        assert!(!identity.is_settled(now - Duration::from_hours(1)), "a clock that was set back");
        assert!(identity.is_settled(now + SETTLED_AFTER + Duration::from_secs(1)));
    }

    #[test]
    fn other_bytes_are_another_identity_even_under_the_old_time() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"one").expect("a file");
        let metadata = || file.as_file().metadata().expect("metadata");
        let before = metadata();
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(file.path(), b"two").expect("a file");
        file.as_file().set_modified(before.modified().expect("a time")).expect("a time");
        let (before, after) = (FileIdentity::new(&before), FileIdentity::new(&metadata()));
        assert_eq!((before.mtime, before.size), (after.mtime, after.size));
        assert_ne!(before.text(), after.text());
        assert_ne!(before.text(), before.at(1).text());
    }
}
