//! 64-bit x86.

use super::facts::{Facts, GlibcNames, Host, Instructions, Variant};
use super::i386;
use crate::elf::{Class, Data, ElfTarget, Machine};

/// The micro-architecture levels of the x86-64 psABI, section 3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the levels")]
pub enum Amd64Level {
    V1,
    V2,
    V3,
    V4,
}

impl Amd64Level {
    /// Parses a variant; `None` if there is no such level.
    pub(super) fn parse(variant: &str) -> Option<Self> {
        match variant {
            "" | "v1" => Some(Self::V1),
            "v2" => Some(Self::V2),
            "v3" => Some(Self::V3),
            "v4" => Some(Self::V4),
            _ => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }
}

pub(super) const fn facts(level: Amd64Level) -> Facts {
    Facts {
        name: "amd64",
        variant: match level {
            Amd64Level::V1 => Variant::Unwritten,
            _ => Variant::Version { major: level.number(), minor: 0 },
        },
        spellings: &["amd64", "x86_64", "x86-64"],
        variants: "v1 to v4",
        elf: ElfTarget { machine: Machine::X86_64, class: Class::Elf64, data: Data::Lsb },
        elf_flags: 0,
        executes: &[i386::FACTS],
        // x32: kernels have it or not.
        may_execute: &[ElfTarget {
            machine: Machine::X86_64,
            class: Class::Elf32,
            data: Data::Lsb,
        }],
        large_pages: &[],
        glibc: GlibcNames {
            triplets: &["x86_64-linux-gnu"],
            libraries: &["lib64"],
            platforms: &["x86_64", "haswell", "xeon_phi"],
            cache_flags: &[0x303],
        },
        uname: &["x86_64"],
        host: Host::Own,
        debian: &["amd64"],
        alpine: "x86_64",
        unmistakable: &["amd64"],
        common: &["x64", "linux64"],
        emulator: "qemu-x86_64",
        baseline: match level {
            Amd64Level::V1 => Some("qemu64"),
            Amd64Level::V2 => Some("Nehalem"),
            // What the plain model adds, transactions, no translation knows: QEMU would warn.
            Amd64Level::V3 => Some("Haswell-noTSX"),
            // QEMU translates no AVX-512.
            Amd64Level::V4 => None,
        },
        newest: "max",
        instructions: Instructions::Bytes(8),
        // mov edi, 42; mov eax, 60; syscall
        exit_42: b"\xbf\x2a\0\0\0\xb8\x3c\0\0\0\x0f\x05",
    }
}
