//! Finding the emulators that this machine has.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use goblin::elf::program_header::PT_INTERP;
use thiserror::Error;

use super::notes::Notes;
use super::program_headers::program_headers;
use crate::arch::Facts;

/// Where emulators are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emulators {
    folders: Vec<PathBuf>,
}

/// An emulator that needs nothing but its own file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emulator {
    /// The file.
    pub path: PathBuf,
}

impl Emulator {
    /// What it says of itself, such as `10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)`. It is asked once,
    /// and its answer noted.
    ///
    /// # Errors
    ///
    /// When it does not say, or that cannot be noted.
    pub fn version(&self, notes: &Notes) -> Result<String, EmulatorError> {
        notes.note_of(&self.path, || version(&self.path)).map_err(|it| self.unusable(it))
    }

    /// The same, asked anew.
    ///
    /// # Errors
    ///
    /// When it does not say.
    pub fn asked_version(&self) -> Result<String, EmulatorError> {
        version(&self.path).map_err(|it| self.unusable(it))
    }

    fn unusable(&self, source: io::Error) -> EmulatorError {
        EmulatorError::Unusable { path: self.path.clone(), source }
    }
}

/// Why there is no emulator.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// None has the right name.
    #[error(
        "no {name} in {VARIABLE}, PATH, /usr/bin or /usr/local/bin: install a static one (Debian, \
         Ubuntu, Fedora: qemu-user-static)"
    )]
    Missing {
        /// The program's name.
        name: &'static str,
    },
    /// It needs libraries of the host, which an image does not have.
    #[error(
        "{} needs libraries of this machine, which are not in an image: install a static one \
         (Debian, Ubuntu: apt-get install qemu-user-static)", .0.display()
    )]
    NotStatic(PathBuf),
    /// It cannot be read or started.
    #[error("{} cannot be used", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A folder that is looked at before all others.
const VARIABLE: &str = "ARCHPROOF_EMULATORS";
/// Where distributions put them, for users whose PATH has only their own.
const USUAL: [&str; 2] = ["/usr/bin", "/usr/local/bin"];

impl Emulators {
    /// Those of `ARCHPROOF_EMULATORS`, of PATH and of the usual folders, in this order.
    #[must_use]
    pub fn of_host() -> Self {
        let listed = |name| {
            let value: OsString = std::env::var_os(name).unwrap_or_default();
            std::env::split_paths(&value).collect::<Vec<_>>()
        };
        let usual = USUAL.iter().map(PathBuf::from);
        let all = listed(VARIABLE).into_iter().chain(listed("PATH")).chain(usual);
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in all.filter(|it| it.is_absolute()) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        Self { folders }
    }

    /// The emulator of an architecture. A static one is taken before one that is not, which only
    /// serves to say why there is none.
    ///
    /// # Errors
    ///
    /// When there is none, or none that can be used.
    pub fn find(&self, architecture: &Facts) -> Result<Emulator, EmulatorError> {
        let name = architecture.emulator;
        let mut first = None;
        for folder in &self.folders {
            for file in [format!("{name}-static"), name.to_owned()] {
                let path = folder.join(file);
                match File::open(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    _ => {}
                }
                match usable(&path) {
                    Ok(emulator) => return Ok(emulator),
                    Err(error) => first = first.or(Some(error)),
                }
            }
        }
        Err(first.unwrap_or(EmulatorError::Missing { name }))
    }
}

fn usable(path: &Path) -> Result<Emulator, EmulatorError> {
    let unusable = |source| EmulatorError::Unusable { path: path.to_owned(), source };
    let path = path.canonicalize().map_err(unusable)?;
    if needs_interpreter(&path).map_err(unusable)? {
        return Err(EmulatorError::NotStatic(path));
    }
    Ok(Emulator { path })
}

/// Whether the kernel has to load another file to start it (`PT_INTERP`).
fn needs_interpreter(path: &Path) -> io::Result<bool> {
    /// Program headers stand behind the header in every program that a linker made.
    const BEGINNING: u64 = 1 << 16;
    let mut bytes = Vec::new();
    File::open(path)?.take(BEGINNING).read_to_end(&mut bytes)?;
    let segments = program_headers(&bytes);
    let segments = segments.map_err(|it| io::Error::new(io::ErrorKind::InvalidData, it))?;
    Ok(segments.iter().any(|it| it.p_type == PT_INTERP))
}

/// `qemu-aarch64 version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)` is 10.0.13 and what follows.
fn version(path: &Path) -> io::Result<String> {
    let output = Command::new(path).arg("--version").stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default();
    match line.split_once(" version ") {
        Some((_, version)) if output.status.success() => Ok(version.trim().to_owned()),
        _ => Err(io::Error::other("it does not say its version")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::arch::Architecture;
    use crate::fixture::ElfFile;

    fn folder_with(name: &str, bytes: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        folder
    }

    fn find(folder: &tempfile::TempDir) -> Result<Emulator, String> {
        let emulators = Emulators { folders: vec![folder.path().to_owned()] };
        emulators.find(&Architecture::Riscv64.facts()).map_err(|it| it.to_string())
    }

    #[test]
    fn what_is_missing_is_named_with_where_it_was_looked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = find(&folder).expect_err("nothing is there");
        assert!(error.starts_with("no qemu-riscv64 in ARCHPROOF_EMULATORS, PATH"), "{error}");
    }

    #[test]
    fn a_dynamic_emulator_is_refused() {
        let program = ElfFile::of("linux/amd64").with_interpreter("/lib64/ld-linux-x86-64.so.2");
        let error = find(&folder_with("qemu-riscv64", &program.bytes())).expect_err("dynamic");
        assert!(error.contains("needs libraries of this machine"), "{error}");
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let error =
            find(&folder_with("qemu-riscv64-static", b"#!/bin/sh\n")).expect_err("a script");
        assert!(error.ends_with("cannot be used"), "{error}");
    }
}
