//! 64-bit PowerPC, big-endian.

use super::facts::{Facts, GlibcNames, Host, Instructions, KIB, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

pub(super) const FACTS: Facts = Facts {
    name: "ppc64",
    variant: Variant::Unwritten,
    spellings: &["ppc64"],
    variants: "none",
    elf: ElfTarget { machine: Machine::PPC64, class: Class::Elf64, data: Data::Msb },
    // ABI version 2: an entry is code, and no descriptor of it.
    elf_flags: 2,
    executes: &[],
    may_execute: &[],
    large_pages: &[64 * KIB],
    glibc: GlibcNames {
        triplets: &["powerpc64-linux-gnu"],
        libraries: &["lib64"],
        platforms: &["power5", "power6", "power7", "power8"],
        cache_flags: &[0x503],
    },
    uname: &["ppc64"],
    host: Host::Own,
    debian: &["ppc64"],
    alpine: "ppc64",
    unmistakable: &[],
    common: &["ppc64", "powerpc64"],
    emulator: "qemu-ppc64",
    baseline: Some("power8"),
    // There is no `max`.
    newest: "power10",
    instructions: Instructions::Words,
    // li r3, 42; li r0, 1; sc
    exit_42: b"\x38\x60\0\x2a\x38\0\0\x01\x44\0\0\x02",
};
