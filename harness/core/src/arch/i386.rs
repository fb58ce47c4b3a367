//! 32-bit x86.

use super::facts::{Facts, GlibcNames, Host, Instructions, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

pub(super) const FACTS: Facts = Facts {
    name: "386",
    variant: Variant::Unwritten,
    spellings: &["386", "i386", "i686"],
    variants: "none",
    elf: ElfTarget { machine: Machine::I386, class: Class::Elf32, data: Data::Lsb },
    elf_flags: 0,
    executes: &[],
    may_execute: &[],
    large_pages: &[],
    glibc: GlibcNames {
        triplets: &["i386-linux-gnu", "i686-linux-gnu"],
        libraries: &["lib32"],
        platforms: &["i686", "i586", "i486", "i386"],
        cache_flags: &[3, 1],
    },
    uname: &["i386", "i486", "i586", "i686", "x86_64"],
    host: Host::Wider { prints: "x86_64", own: "i686" },
    debian: &["i386"],
    alpine: "x86",
    unmistakable: &["i386", "i486", "i586", "i686"],
    common: &["linux32", "386", "ia32", "x86"],
    emulator: "qemu-i386",
    // SSE2 and nothing after it: what Go and every distribution's i386 need by now.
    baseline: Some("qemu32"),
    newest: "max",
    instructions: Instructions::Bytes(8),
    // mov ebx, 42; mov eax, 1; int 0x80
    exit_42: b"\xbb\x2a\0\0\0\xb8\x01\0\0\0\xcd\x80",
};
