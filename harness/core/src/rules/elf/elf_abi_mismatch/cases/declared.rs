use crate::fixture::{ElfFile, Layer, Variant};
use crate::rules::elf::elf_abi_mismatch::RULE;
use crate::rules::tests::declared::{alone, library, with};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [conventions(), other_conventions()].into_iter().flatten().collect()
}

const SOFT: u32 = 0x0500_0200;

const HARD: u32 = 0x0500_0400;

const VFP_ARGS: u8 = 28;

fn conventions() -> Vec<Case> {
    let soft = |platform| library(platform).with_flags(SOFT);
    let hard = |platform| library(platform).with_flags(HARD);
    let two = |platform, first: &ElfFile, second: &ElfFile, third: &ElfFile| {
        let layer = Layer::new()
            .file("usr/lib/a.so", 0o644, first.bytes())
            .file("usr/lib/b.so", 0o644, second.bytes())
            .file("usr/lib/c.so", 0o644, third.bytes());
        Variant::healthy(platform).layer(layer)
    };
    vec![
        caught(
            RULE.rule,
            "a hard-float library in a soft-float image",
            with("linux/arm/v5", "usr/lib/libx.so.1", &hard("linux/arm/v5")),
            &["error linux/arm/v5 /usr/lib/libx.so.1"],
        ),
        caught(
            RULE.rule,
            "a hard-float static program where there is no floating-point unit",
            alone("linux/arm/v5", &ElfFile::of("linux/arm/v5").with_flags(HARD)),
            &["error linux/arm/v5 /app"],
        ),
        caught(
            RULE.rule,
            "a soft-float library in a hard-float image",
            with("linux/arm/v7", "usr/lib/libx.so.1", &soft("linux/arm/v7")),
            &["error linux/arm/v7 /usr/lib/libx.so.1"],
        ),
        caught(
            RULE.rule,
            "linked before there was a flag: the attributes tell",
            with(
                "linux/arm/v5",
                "usr/lib/libx.so.1",
                &library("linux/arm/v5").with_arm_attributes(&[(VFP_ARGS, 1)]),
            ),
            &["error linux/arm/v5 /usr/lib/libx.so.1"],
        ),
        silent(
            RULE.rule,
            "a static soft-float program calls nobody",
            alone("linux/arm/v7", &ElfFile::of("linux/arm/v7").with_flags(SOFT)),
        ),
        silent(
            RULE.rule,
            "a file that says nothing, as Go's",
            with("linux/arm/v5", "x.so", &library("linux/arm/v5").with_flags(0x0500_0000)),
        ),
        caught(
            RULE.rule,
            "one of another kind among ARMv6's",
            two(
                "linux/arm/v6",
                &hard("linux/arm/v6"),
                &hard("linux/arm/v6"),
                &soft("linux/arm/v6"),
            ),
            &["error linux/arm/v6 /usr/lib/c.so"],
        ),
        silent(
            RULE.rule,
            "ARMv6 with soft float throughout",
            two(
                "linux/arm/v6",
                &soft("linux/arm/v6"),
                &soft("linux/arm/v6"),
                &soft("linux/arm/v6"),
            ),
        ),
    ]
}

/// Conventions of machines other than ARM.
fn other_conventions() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "an lp64 library in an lp64d image",
            with("linux/riscv64", "usr/lib/libx.so.1", &library("linux/riscv64").with_flags(1)),
            &["error linux/riscv64 /usr/lib/libx.so.1"],
        ),
        silent(
            RULE.rule,
            "lp64d, with and without compressed instructions",
            with("linux/riscv64", "usr/lib/libx.so.1", &library("linux/riscv64").with_flags(4)),
        ),
        silent(
            RULE.rule,
            "a static lp64 program, as old Go's linker marked all",
            alone("linux/riscv64", &ElfFile::of("linux/riscv64").with_flags(0)),
        ),
        caught(
            RULE.rule,
            "ELFv1 on little-endian PowerPC",
            with("linux/ppc64le", "usr/lib/libx.so.1", &library("linux/ppc64le").with_flags(1)),
            &["error linux/ppc64le /usr/lib/libx.so.1"],
        ),
        silent(
            RULE.rule,
            "ELFv1 on big-endian PowerPC, ELFv2 and unspecified on little-endian",
            with("linux/ppc64le", "usr/lib/libx.so.1", &library("linux/ppc64le").with_flags(2)),
        ),
        caught(
            RULE.rule,
            "MIPS release 6 among release 2",
            alone("linux/mips64le", &ElfFile::of("linux/mips64le").with_flags(0xa000_0407)),
            &["error linux/mips64le /app"],
        ),
        silent(
            RULE.rule,
            "MIPS release 2",
            alone("linux/mips64le", &ElfFile::of("linux/mips64le").with_flags(0x8000_0007)),
        ),
        caught(
            RULE.rule,
            "soft-float LoongArch",
            with("linux/loong64", "usr/lib/libx.so.1", &library("linux/loong64").with_flags(0x41)),
            &["error linux/loong64 /usr/lib/libx.so.1"],
        ),
    ]
}
