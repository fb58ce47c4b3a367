//! 64-bit SPARC.

use super::facts::{Facts, GlibcNames, Host, Instructions, KIB, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

pub(super) const FACTS: Facts = Facts {
    name: "sparc64",
    variant: Variant::Unwritten,
    spellings: &["sparc64"],
    variants: "none",
    elf: ElfTarget { machine: Machine::SPARCV9, class: Class::Elf64, data: Data::Msb },
    // Total store order; no extensions.
    elf_flags: 0,
    executes: &[],
    may_execute: &[],
    large_pages: &[8 * KIB],
    glibc: GlibcNames {
        triplets: &["sparc64-linux-gnu"],
        libraries: &["lib64"],
        platforms: &[],
        cache_flags: &[0x203],
    },
    uname: &["sparc64"],
    host: Host::Own,
    debian: &["sparc64"],
    // Alpine has no port.
    alpine: "sparc64",
    unmistakable: &["sparc64", "sparcv9"],
    common: &[],
    emulator: "qemu-sparc64",
    // What GCC compiles for. QEMU's model has VIS 2, which came with UltraSPARC III.
    baseline: Some("TI-UltraSparc-I,-vis2"),
    // There is no `max`.
    newest: "Sun-UltraSparc-T2,+vis3,+fmaf,+ima,+vis4",
    instructions: Instructions::Words,
    // mov 42, %o0; mov 1, %g1; ta 0x6d
    exit_42: b"\x90\x10\x20\x2a\x82\x10\x20\x01\x91\xd0\x20\x6d",
};
