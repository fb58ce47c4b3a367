//! The handlers that the host's kernel has for everybody: what builds and engines rely on.
//!
//! Source: Linux, `Documentation/admin-guide/binfmt-misc.rst`, `fs/binfmt_misc.c` (`entry_status`).

use std::fmt;
use std::fs;
use std::path::Path;

use super::handler::{Mark, takes};
use super::minimal::minimal_program;
use crate::platform::Platform;

/// Where the kernel shows them.
const FOLDER: &str = "/proc/sys/fs/binfmt_misc";

/// A handler that takes the programs of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The emulator's path.
    pub interpreter: String,
    /// Its flags, as the kernel writes them.
    pub flags: String,
    /// What does not work with it.
    pub flaws: Vec<Flaw>,
}

/// What does not work with a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is switched off.
    Disabled,
    /// The emulator is looked for when a program starts (no flag `F`): containers have none.
    NotInContainers,
    /// Programs start with the emulator's rights and not with their own (no flag `C`).
    NoCredentials,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disabled => "it is switched off",
            Self::NotInContainers => {
                "containers have no such file: register it with the flag F, which opens it at once"
            }
            Self::NoCredentials => {
                "sudo and other set-user-ID programs have no effect: register it with the flag C"
            }
        })
    }
}

impl Registered {
    /// The handler that takes a platform's programs on this host; `None` where there is none, or the
    /// kernel does not show any here.
    #[must_use]
    pub fn of_host(platform: Platform) -> Option<Self> {
        Self::find(Path::new(FOLDER), platform)
    }

    fn find(folder: &Path, platform: Platform) -> Option<Self> {
        let program = minimal_program(platform, Mark::NONE, &[]);
        let mut paths: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|it| it.path()).collect();
        paths.sort();
        let texts = paths.iter().filter_map(|it| fs::read_to_string(it).ok());
        texts.filter_map(|it| Entry::parse(&it)).find(|it| it.takes(&program)).map(Entry::judge)
    }
}

/// A handler as the kernel describes it.
struct Entry {
    interpreter: String,
    flags: String,
    is_enabled: bool,
    offset: usize,
    magic: Vec<u8>,
    mask: Vec<u8>,
}

impl Entry {
    /// `None` for what goes by a file's extension, and for `register` and `status`.
    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| text.lines().find_map(|it| it.strip_prefix(name)).map(str::trim);
        let magic = bytes(field("magic ")?)?;
        Some(Self {
            interpreter: field("interpreter ")?.to_owned(),
            flags: field("flags:")?.to_owned(),
            is_enabled: text.lines().next() == Some("enabled"),
            offset: field("offset ")?.parse().ok()?,
            // Without a mask every bit counts.
            mask: field("mask ").map_or_else(|| Some(vec![0xff; magic.len()]), bytes)?,
            magic,
        })
    }

    fn takes(&self, file: &[u8]) -> bool {
        takes(&self.magic, &self.mask, file.get(self.offset..).unwrap_or_default())
    }

    fn judge(self) -> Registered {
        let lacks = |flag: char| !self.flags.contains(flag);
        let flaws = [
            (!self.is_enabled).then_some(Flaw::Disabled),
            lacks('F').then_some(Flaw::NotInContainers),
            lacks('C').then_some(Flaw::NoCredentials),
        ];
        let flaws = flaws.into_iter().flatten().collect();
        Registered { interpreter: self.interpreter, flags: self.flags, flaws }
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2));
    pairs.map(|it| u8::from_str_radix(it?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: &str = "magic 7f454c460201010000000000000000000200b700\n\
        mask ffffffffffffff00fffffffffffffffffeffffff\n";

    fn found(state: &str, flags: &str, platform: &str) -> Option<Vec<Flaw>> {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("{state}\ninterpreter /qemu\nflags: {flags}\noffset 0\n{MAGIC}");
        fs::write(folder.path().join("qemu-aarch64"), text).expect("a file");
        fs::write(folder.path().join("python"), "enabled\ninterpreter /python\nextension .pyc\n")
            .expect("a file");
        fs::write(folder.path().join("status"), "enabled\n").expect("a file");
        let platform = platform.parse().expect("a platform");
        Registered::find(folder.path(), platform).map(|it| it.flaws)
    }

    #[test]
    fn a_handler_is_found_by_the_files_that_it_takes() {
        assert_eq!(found("enabled", "POCF", "linux/arm64"), Some(vec![]));
        assert_eq!(found("enabled", "OCF", "linux/arm64"), Some(vec![]));
        for other in ["linux/amd64", "linux/arm/v7", "linux/riscv64", "linux/s390x"] {
            assert_eq!(found("enabled", "POCF", other), None, "{other}");
        }
    }

    #[test]
    fn what_does_not_work_with_it_is_named() {
        assert_eq!(found("disabled", "POCF", "linux/arm64"), Some(vec![Flaw::Disabled]));
        assert_eq!(found("enabled", "F", "linux/arm64"), Some(vec![Flaw::NoCredentials]));
        let both = vec![Flaw::NotInContainers, Flaw::NoCredentials];
        assert_eq!(found("enabled", "", "linux/arm64"), Some(both));
    }
}
