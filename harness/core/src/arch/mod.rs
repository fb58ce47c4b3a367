//! Architectures: each file holds all facts about one.
//!
//! A new architecture is a new file, and its lines in this one.

mod amd64;
mod arm;
mod arm64;
mod i386;
mod loong64;
mod mips64;
mod mips64le;
mod ppc64;
mod ppc64le;
mod riscv64;
mod s390x;
mod sparc64;

use std::fmt;

pub use amd64::Amd64Level;
pub use arm::ArmVersion;
pub use arm64::Arm64Version;

use crate::elf::{ElfTarget, Machine};

/// An instruction set with the level that its variant names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Architecture {
    /// 32-bit x86.
    I386,
    /// 64-bit x86, at a level of the psABI.
    Amd64(Amd64Level),
    /// 32-bit ARM.
    Arm(ArmVersion),
    /// 64-bit ARM, little-endian.
    Arm64(Arm64Version),
    /// 64-bit LoongArch.
    Loong64,
    /// 64-bit MIPS, big-endian.
    Mips64,
    /// 64-bit MIPS, little-endian.
    Mips64le,
    /// 64-bit PowerPC, big-endian.
    Ppc64,
    /// 64-bit PowerPC, little-endian.
    Ppc64le,
    /// 64-bit RISC-V.
    Riscv64,
    /// IBM Z.
    S390x,
    /// 64-bit SPARC.
    Sparc64,
}

/// Every architecture once, at the level it has if no variant is named.
pub(crate) static ALL: [Facts; 12] = [
    Architecture::I386.facts(),
    Architecture::Amd64(Amd64Level::V1).facts(),
    Architecture::Arm(ArmVersion::V7).facts(),
    Architecture::Arm64(Arm64Version::V8).facts(),
    Architecture::Loong64.facts(),
    Architecture::Mips64.facts(),
    Architecture::Mips64le.facts(),
    Architecture::Ppc64.facts(),
    Architecture::Ppc64le.facts(),
    Architecture::Riscv64.facts(),
    Architecture::S390x.facts(),
    Architecture::Sparc64.facts(),
];

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
    /// Parses a spelling and a variant; `None` if the architecture has no such variant.
    pub(crate) parse: fn(spelling: &str, variant: &str) -> Option<Architecture>,
    /// Machine, class and byte order of its ELF files.
    pub elf: ElfTarget,
    /// `e_flags` of a program for it, as its psABI defines them.
    pub elf_flags: u32,
    /// Architectures whose programs its processors also execute, if the kernel lets them.
    pub executes: &'static [Architecture],
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

const KIB: u64 = 1024;

impl Facts {
    /// Whether its processors execute the programs of another machine too.
    #[must_use]
    pub fn executes_also(&self, machine: Machine) -> bool {
        self.executes.iter().any(|it| it.facts().elf.machine == machine)
    }

    /// Whether at least some of its processors and kernels execute the programs of another target.
    #[must_use]
    pub fn may_execute_also(&self, target: ElfTarget) -> bool {
        self.may_execute.contains(&target)
            || self.executes.iter().any(|it| it.facts().elf == target)
    }
}

impl Architecture {
    /// The facts about it.
    #[must_use]
    pub const fn facts(self) -> Facts {
        match self {
            Self::I386 => i386::FACTS,
            Self::Amd64(level) => amd64::facts(level),
            Self::Arm(version) => arm::facts(version),
            Self::Arm64(version) => arm64::facts(version),
            Self::Loong64 => loong64::FACTS,
            Self::Mips64 => mips64::FACTS,
            Self::Mips64le => mips64le::FACTS,
            Self::Ppc64 => ppc64::FACTS,
            Self::Ppc64le => ppc64le::FACTS,
            Self::Riscv64 => riscv64::FACTS,
            Self::S390x => s390x::FACTS,
            Self::Sparc64 => sparc64::FACTS,
        }
    }
}

/// Parses the variant of an architecture that has none.
fn without_variants(variant: &str, architecture: Architecture) -> Option<Architecture> {
    variant.is_empty().then_some(architecture)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_parsed() {
        for facts in &ALL {
            assert!(facts.spellings.contains(&facts.name), "{}", facts.name);
            let variant = facts.variant.to_string();
            let parsed = (facts.parse)(facts.name, &variant).expect(facts.name).facts();
            assert_eq!((parsed.name, parsed.variant), (facts.name, facts.variant));
            for spelling in facts.spellings {
                assert_eq!((facts.parse)(spelling, "").expect(spelling).facts().name, facts.name);
            }
            assert_eq!((facts.parse)(facts.name, "v99"), None, "{}", facts.name);
        }
    }

    #[test]
    fn no_word_stands_for_two() {
        let words = ALL.iter().flat_map(|it| {
            let named = it.unmistakable.iter().chain(it.common);
            named.map(|word| (*word, it.elf.machine)).collect::<Vec<_>>()
        });
        let mut words: Vec<_> = words.collect();
        words.sort_by_key(|it| it.0);
        for pair in words.windows(2) {
            assert!(pair[0].0 != pair[1].0, "{:?}", pair[0]);
        }
    }
}
