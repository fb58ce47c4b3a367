//! 64-bit LoongArch.

use super::facts::{Facts, GlibcNames, Host, Instructions, KIB, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

pub(super) const FACTS: Facts = Facts {
    name: "loong64",
    variant: Variant::Unwritten,
    spellings: &["loong64", "loongarch64"],
    variants: "none",
    elf: ElfTarget { machine: Machine::LOONGARCH, class: Class::Elf64, data: Data::Lsb },
    // EF_LOONGARCH_ABI_DOUBLE_FLOAT, object file ABI v1
    elf_flags: 0x43,
    executes: &[],
    may_execute: &[],
    large_pages: &[16 * KIB],
    glibc: GlibcNames {
        triplets: &["loongarch64-linux-gnu"],
        libraries: &["lib64"],
        platforms: &["loongarch"],
        cache_flags: &[0x1203, 0x1103, 3],
    },
    uname: &["loongarch64"],
    host: Host::Own,
    debian: &["loong64"],
    alpine: "loongarch64",
    unmistakable: &["loong64", "loongarch64"],
    common: &[],
    emulator: "qemu-loongarch64",
    baseline: Some("la464"),
    newest: "max",
    instructions: Instructions::Words,
    // ori a0, zero, 42; ori a7, zero, 93; syscall 0
    exit_42: b"\x04\xa8\x80\x03\x0b\x74\x81\x03\0\0\x2b\0",
};
