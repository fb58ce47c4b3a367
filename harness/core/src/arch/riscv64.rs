//! 64-bit RISC-V.

use super::facts::{Facts, GlibcNames, Host, Instructions, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

pub(super) const FACTS: Facts = Facts {
    name: "riscv64",
    variant: Variant::Unwritten,
    spellings: &["riscv64"],
    variants: "none",
    elf: ElfTarget { machine: Machine::RISCV, class: Class::Elf64, data: Data::Lsb },
    // EF_RISCV_FLOAT_ABI_DOUBLE
    elf_flags: 4,
    executes: &[],
    may_execute: &[],
    large_pages: &[],
    glibc: GlibcNames {
        triplets: &["riscv64-linux-gnu"],
        libraries: &["lib64/lp64d", "lib64/lp64", "lib64"],
        platforms: &[],
        cache_flags: &[0x1003, 0xf03],
    },
    uname: &["riscv64"],
    host: Host::Own,
    debian: &["riscv64"],
    alpine: "riscv64",
    unmistakable: &["riscv64"],
    common: &[],
    emulator: "qemu-riscv64",
    baseline: Some("rv64"),
    newest: "max",
    instructions: Instructions::Words,
    // li a0, 42; li a7, 93; ecall
    exit_42: b"\x13\x05\xa0\x02\x93\x08\xd0\x05\x73\0\0\0",
};
