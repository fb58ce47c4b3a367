//! 64-bit PowerPC, little-endian.

use super::facts::{Facts, GlibcNames};
use super::ppc64;
use crate::elf::{Data, ElfTarget};

/// As of the other byte order, but for what is named here.
pub(super) const FACTS: Facts = Facts {
    name: "ppc64le",
    spellings: &["ppc64le", "ppc64el"],
    elf: ElfTarget { data: Data::Lsb, ..ppc64::FACTS.elf },
    glibc: GlibcNames {
        triplets: &["powerpc64le-linux-gnu"],
        platforms: &["power8", "power9", "power10"],
        ..ppc64::FACTS.glibc
    },
    uname: &["ppc64le"],
    debian: &["ppc64el"],
    alpine: "ppc64le",
    unmistakable: &["ppc64le", "ppc64el", "powerpc64le"],
    common: &[],
    emulator: "qemu-ppc64le",
    exit_42: b"\x2a\0\x60\x38\x01\0\0\x38\x02\0\0\x44",
    ..ppc64::FACTS
};
