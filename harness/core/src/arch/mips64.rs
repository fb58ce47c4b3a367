//! 64-bit MIPS, big-endian.

use super::facts::{Facts, GlibcNames, Host, Instructions, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

pub(super) const FACTS: Facts = Facts {
    name: "mips64",
    variant: Variant::Unwritten,
    spellings: &["mips64"],
    variants: "none",
    elf: ElfTarget { machine: Machine::MIPS, class: Class::Elf64, data: Data::Msb },
    // EF_MIPS_ARCH_64R2, EF_MIPS_CPIC, EF_MIPS_PIC, EF_MIPS_NOREORDER
    elf_flags: 0x8000_0007,
    executes: &[],
    may_execute: &[],
    large_pages: &[],
    glibc: GlibcNames {
        triplets: &["mips64-linux-gnuabi64"],
        libraries: &["lib64"],
        platforms: &[],
        cache_flags: &[0x703, 0xe03],
    },
    uname: &["mips64"],
    host: Host::Own,
    debian: &["mips64"],
    alpine: "mips64",
    unmistakable: &[],
    common: &["mips64"],
    emulator: "qemu-mips64",
    baseline: Some("MIPS64R2-generic"),
    // There is no `max`.
    newest: "MIPS64R2-generic",
    instructions: Instructions::Words,
    // li a0, 42; li v0, 5058; syscall
    exit_42: b"\x24\x04\0\x2a\x24\x02\x13\xc2\0\0\0\x0c",
};
