//! Copies of emulators that carry a mark, in a folder of the user's.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::rand::{GetRandomFlags, getrandom};
use tempfile::NamedTempFile;

use super::handler::Mark;
use crate::elf::MAGIC;
use crate::oci::Digest;

/// A folder of marked files, shared by all processes of a user. A file that is there is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedFiles {
    folder: PathBuf,
    mark: Mark,
}

impl MarkedFiles {
    /// Opens the folder; makes it, and a mark, where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be made or read.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let path = folder.join("mark");
        let read = || fs::read(&path).map(|it| <[u8; 7]>::try_from(it.as_slice()).ok());
        let mark = if let Ok(Some(mark)) = read() {
            mark
        } else {
            let mut mark = [0; 7];
            getrandom(&mut mark[..], GetRandomFlags::empty())?;
            let mut file = NamedTempFile::new_in(&folder)?;
            file.write_all(&mark)?;
            // Another process may have been faster, and its mark is in use by now.
            match file.persist_noclobber(&path) {
                Ok(_) => mark,
                Err(error) => read()?.ok_or(error.error)?,
            }
        };
        Ok(Self { folder, mark: Mark::new(mark) })
    }

    /// The mark of all files in it.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The marked copy of an ELF file. It is made where there is none yet.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or the copy not be written.
    pub fn copy_of(&self, original: &Path) -> io::Result<PathBuf> {
        let mut source = File::open(original)?;
        let identity = identity(original, &source.metadata()?);
        self.have(&name(original, identity.as_bytes()), |file| {
            io::copy(&mut source, file)?;
            Ok(())
        })
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

    /// A file of these bytes, which have the mark already.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn file_of(&self, stem: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        self.have(&name(Path::new(stem), bytes), |file| file.write_all(bytes))
    }

    fn have(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        if self.is_marked(&path) {
            return Ok(path);
        }
        let mut file = NamedTempFile::new_in(&self.folder)?;
        write(file.as_file_mut())?;
        let mut beginning = [0; MAGIC.len()];
        file.as_file().read_exact_at(&mut beginning, 0)?;
        if beginning != MAGIC {
            return Err(io::Error::other("it is no ELF file"));
        }
        file.as_file().write_all_at(self.mark.bytes(), Mark::OFFSET)?;
        file.as_file().set_permissions(Permissions::from_mode(0o755))?;
        file.persist(&path)?;
        Ok(path)
    }

    fn is_marked(&self, path: &Path) -> bool {
        let mut found = [0; 7];
        let read = File::open(path).and_then(|it| it.read_exact_at(&mut found, Mark::OFFSET));
        read.is_ok() && found == *self.mark.bytes()
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
    use crate::fixture::program;

    #[test]
    fn a_copy_differs_in_its_mark_alone_and_is_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let original = folder.path().join("qemu-riscv64");
        let bytes = program("linux/amd64");
        fs::write(&original, &bytes).expect("a file");
        let files = MarkedFiles::open(folder.path().join("marked")).expect("a folder");
        let copy = files.copy_of(&original).expect("a copy");
        let mut expected = bytes;
        expected[9..16].copy_from_slice(files.mark().bytes());
        assert_eq!(fs::read(&copy).expect("a file"), expected);
        let made = fs::metadata(&copy).expect("a file").ino();
        let again = MarkedFiles::open(folder.path().join("marked")).expect("a folder");
        assert_eq!(
            (again.mark(), again.copy_of(&original).expect("a copy")),
            (files.mark(), copy.clone())
        );
        assert_eq!(fs::metadata(&copy).expect("a file").ino(), made);
    }

    #[test]
    fn a_note_lasts_as_long_as_its_file_is_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let original = folder.path().join("qemu-riscv64");
        fs::write(&original, "1").expect("a file");
        let files = MarkedFiles::open(folder.path().join("marked")).expect("a folder");
        let ask = |answer: &str| files.note_of(&original, || Ok(answer.to_owned()));
        assert_eq!(ask("10.0").expect("a note"), "10.0");
        assert_eq!(ask("10.1").expect("a note"), "10.0");
        fs::write(&original, "22").expect("a file");
        assert_eq!(ask("10.1").expect("a note"), "10.1");
        fs::remove_file(&original).expect("a file");
        assert!(ask("10.2").is_err());
    }

    #[test]
    fn another_original_and_a_damaged_copy_make_a_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let original = folder.path().join("qemu-riscv64");
        fs::write(&original, program("linux/amd64")).expect("a file");
        let files = MarkedFiles::open(folder.path().join("marked")).expect("a folder");
        let copy = files.copy_of(&original).expect("a copy");
        fs::write(&copy, "").expect("a file");
        assert_eq!(files.copy_of(&original).expect("a copy"), copy);
        assert_ne!(fs::metadata(&copy).expect("a file").len(), 0);
        fs::write(&original, [program("linux/amd64"), vec![0]].concat()).expect("a file");
        assert_ne!(files.copy_of(&original).expect("a copy"), copy);
        fs::write(&original, "#!/bin/sh").expect("a file");
        assert!(files.copy_of(&original).is_err());
    }
}
