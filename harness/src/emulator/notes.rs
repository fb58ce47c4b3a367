//! What was found out about programs of this machine, in a folder of the user's.

use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::oci::Digest;

/// A folder of notes, shared by all processes of a user. A note that is there is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notes {
    folder: PathBuf,
}

impl Notes {
    /// Opens the folder, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder })
    }

    /// What was found out about a file; it is found out where nothing is noted of it yet.
    ///
    /// # Errors
    ///
    /// When the file cannot be seen, or its note not be written, and whatever finding out gives.
    pub fn note_of(
        &self,
        original: &Path,
        find_out: impl FnOnce() -> io::Result<String>,
    ) -> io::Result<String> {
        let identity = identity(original, &fs::metadata(original)?);
        let path = self.folder.join(name(original, identity.as_bytes()) + ".note");
        match fs::read_to_string(&path) {
            Ok(note) => Ok(note),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let note = find_out()?;
                let mut file = NamedTempFile::new_in(&self.folder)?;
                file.write_all(note.as_bytes())?;
                file.persist(&path)?;
                Ok(note)
            }
            Err(error) => Err(error),
        }
    }
}

/// Who a file is, as far as that shows without reading it.
fn identity(path: &Path, seen: &Metadata) -> String {
    let (device, inode, length) = (seen.dev(), seen.ino(), seen.len());
    let changed = (seen.mtime(), seen.mtime_nsec());
    format!("{} {device} {inode} {length} {}.{}", path.display(), changed.0, changed.1)
}

fn name(path: &Path, identity: &[u8]) -> String {
    let stem = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{stem}-{}", &Digest::of(identity).hex()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_lasts_as_long_as_its_file_is_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let original = folder.path().join("qemu-riscv64");
        fs::write(&original, "1").expect("a file");
        let notes = Notes::open(folder.path().join("notes")).expect("a folder");
        let ask = |answer: &str| notes.note_of(&original, || Ok(answer.to_owned()));
        assert_eq!(ask("10.0").expect("a note"), "10.0");
        assert_eq!(ask("10.1").expect("a note"), "10.0");
        fs::write(&original, "22").expect("a file");
        assert_eq!(ask("10.1").expect("a note"), "10.1");
        fs::remove_file(&original).expect("a file");
        assert!(ask("10.2").is_err());
    }
}
