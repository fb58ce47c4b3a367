//! 64-bit MIPS, little-endian.

use super::facts::{Facts, GlibcNames};
use super::mips64;
use crate::elf::{Data, ElfTarget};

/// As of the other byte order, but for what is named here.
pub(super) const FACTS: Facts = Facts {
    name: "mips64le",
    spellings: &["mips64le", "mips64el"],
    elf: ElfTarget { data: Data::Lsb, ..mips64::FACTS.elf },
    glibc: GlibcNames { triplets: &["mips64el-linux-gnuabi64"], ..mips64::FACTS.glibc },
    debian: &["mips64el"],
    alpine: "mips64le",
    unmistakable: &["mips64el", "mips64le"],
    common: &[],
    emulator: "qemu-mips64el",
    exit_42: b"\x2a\0\x04\x24\xc2\x13\x02\x24\x0c\0\0\0",
    ..mips64::FACTS
};
