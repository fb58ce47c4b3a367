//! What the file of an architecture says of it.

use std::fmt;

use crate::elf::{ElfTarget, Machine};

/// The facts about an architecture at a level.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The OCI spelling, which is Go's.
    pub name: &'static str,
    /// The variant, normalised.
    pub variant: Variant,
    /// All accepted spellings in lower case, including the OCI one.
    pub(crate) spellings: &'static [&'static str],
    /// The variants that exist, for error messages.
    pub(crate) variants: &'static str,
    /// Machine, class and byte order of its ELF files.
    pub elf: ElfTarget,
    /// `e_flags` of a program for it, as its psABI defines them.
    pub elf_flags: u32,
    /// Architectures whose programs its processors also execute, if the kernel lets them.
    pub executes: &'static [Facts],
    /// ELF targets that only some of its processors or kernels also execute.
    pub may_execute: &'static [ElfTarget],
    /// Page sizes above 4 KiB that its kernels use, in bytes, ascending.
    pub(crate) large_pages: &'static [u64],
    /// Names and numbers in glibc's dynamic loader.
    pub(crate) glibc: GlibcNames,
    /// What `uname -m` can print on its machines, and under QEMU.
    pub(crate) uname: &'static [&'static str],
    /// What `uname -m` prints on the machines that usually run its programs.
    pub(crate) host: Host,
    /// Debian's names of its ports. Source: [Debian, `debian/ports`](https://www.debian.org/ports/).
    pub(crate) debian: &'static [&'static str],
    /// Alpine's name.
    /// Source: [apk-tools, `src/apk_arch.h`](https://gitlab.alpinelinux.org/alpine/apk-tools).
    pub(crate) alpine: &'static str,
    /// Words in paths that mean only this architecture.
    pub(crate) unmistakable: &'static [&'static str],
    /// Words in paths that are short or ambiguous: they count only beside other such words.
    pub(crate) common: &'static [&'static str],
    /// QEMU's user-mode emulator of it.
    pub emulator: &'static str,
    /// The oldest processor that the platform promises, as a QEMU model; `None` if QEMU has none.
    ///
    /// Source: the variants' definitions, against what QEMU 10.0 says of its models
    /// (`qemu-ARCH -cpu help`, and the ID registers of `target/*/cpu*.c`). Where no model has
    /// exactly what is promised, the next that has all of it.
    pub(crate) baseline: Option<&'static str>,
    /// The QEMU model with every extension.
    pub(crate) newest: &'static str,
    /// How its instructions are printed.
    pub instructions: Instructions,
    /// Machine code of `exit(42)` that its oldest processor executes.
    ///
    /// Source: the psABIs' system call conventions, `syscall(2)`.
    pub exit_42: &'static [u8],
}

/// A variant, normalised. Displayed as `v7`, or as nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// None is written.
    Unwritten,
    /// A version.
    Version {
        /// Such as 8.
        major: u8,
        /// Left out where it is 0.
        minor: u8,
    },
}

/// Which machines usually run the programs of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Machines of that architecture.
    Own,
    /// 64-bit machines. Source: Linux, `UTS_MACHINE` and `COMPAT_UTS_MACHINE`.
    Wider {
        /// What `uname -m` prints there.
        prints: &'static str,
        /// What it prints on a machine of the architecture itself.
        own: &'static str,
    },
}

/// How an instruction is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// Four bytes each, as a number.
    Words,
    /// Of variable length, byte by byte: so many bytes, about the longest instruction.
    Bytes(usize),
}

/// What glibc's dynamic loader has for one architecture.
///
/// Sources: glibc, `sysdeps/generic/ldconfig.h` for the values, `dl-cache.h` of each architecture
/// for which of them it takes, `shlib-versions` and `slibdir` in `configure` for the folders;
/// Debian's list of multiarch tuples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GlibcNames {
    /// The folders in `/lib` and `/usr/lib` that Debian's loaders search.
    pub(crate) triplets: &'static [&'static str],
    /// The folders in `/` and `/usr` that other distributions' loaders search, beside `lib`.
    pub(crate) libraries: &'static [&'static str],
    /// What `$PLATFORM` may stand for (`AT_PLATFORM`).
    pub(crate) platforms: &'static [&'static str],
    /// The flags of the cache's entries that the loader takes.
    pub(crate) cache_flags: &'static [u32],
}

/// In bytes.
pub(super) const KIB: u64 = 1024;

impl Facts {
    /// Whether its processors execute the programs of another machine too.
    #[must_use]
    pub fn executes_also(&self, machine: Machine) -> bool {
        self.executes.iter().any(|it| it.elf.machine == machine)
    }

    /// Whether at least some of its processors and kernels execute the programs of another target.
    #[must_use]
    pub fn may_execute_also(&self, target: ElfTarget) -> bool {
        self.may_execute.contains(&target) || self.executes.iter().any(|it| it.elf == target)
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwritten => Ok(()),
            Self::Version { major, minor: 0 } => write!(f, "v{major}"),
            Self::Version { major, minor } => write!(f, "v{major}.{minor}"),
        }
    }
}
