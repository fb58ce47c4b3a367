//! IBM Z.

use super::facts::{Facts, GlibcNames, Host, Instructions, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

pub(super) const FACTS: Facts = Facts {
    name: "s390x",
    variant: Variant::Unwritten,
    spellings: &["s390x"],
    variants: "none",
    elf: ElfTarget { machine: Machine::S390, class: Class::Elf64, data: Data::Msb },
    elf_flags: 0,
    executes: &[],
    may_execute: &[],
    large_pages: &[],
    glibc: GlibcNames {
        triplets: &["s390x-linux-gnu"],
        libraries: &["lib64"],
        platforms: &["z900", "z990", "z9-109", "z10", "z196", "zEC12", "z13", "z14"],
        cache_flags: &[0x403],
    },
    uname: &["s390x"],
    host: Host::Own,
    debian: &["s390x"],
    alpine: "s390x",
    unmistakable: &["s390x"],
    common: &[],
    emulator: "qemu-s390x",
    // QEMU refuses its own z13, for it does not translate all of its cryptography. This is all that
    // it can do without what came with z14 and z15: the vector and miscellaneous-instruction
    // extensions. It executes them all the same (tried with 10.0.13): only programs that look at the
    // processor, as C libraries do, see a z13.
    baseline: Some("max,vxeh=off,vxeh2=off,minste2=off,minste3=off"),
    newest: "max",
    instructions: Instructions::Bytes(6),
    // lghi r2, 42; svc 1; nopr
    exit_42: b"\xa7\x29\0\x2a\x0a\x01\x07\x07",
};
