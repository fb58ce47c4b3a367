use crate::fixture::ElfFile;
use crate::rules::elf::elf_abi_mismatch::RULE;
use crate::rules::tests::scope::{beside, with};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [versions(), android()].into_iter().flatten().collect()
}

/// Builds for several versions of ARM, side by side.
fn versions() -> Vec<Case> {
    let shared = |platform| ElfFile::of(platform).shared();
    let soft = || shared("linux/arm/v7").with_flags(0x0500_0200).bytes();
    let hard = || shared("linux/arm/v7").with_flags(0x0500_0400).bytes();
    vec![
        silent(
            RULE.rule,
            "a library for each convention",
            beside(
                "linux/arm/v7",
                [
                    ("srv/runtimes/linux-arm/native/libsql.so", hard()),
                    ("srv/runtimes/linux-armel/native/libsql.so", soft()),
                ],
            ),
        ),
        caught(
            RULE.rule,
            "a library for the other convention alone",
            beside(
                "linux/arm/v7",
                [
                    ("srv/runtimes/linux-armel/native/libsql.so", soft()),
                    ("srv/runtimes/unix/lib/libsql.so", hard()),
                ],
            ),
            &["error linux/arm/v7 /srv/runtimes/linux-armel/native/libsql.so"],
        ),
    ]
}

fn android() -> Vec<Case> {
    let soft = ElfFile::of("linux/arm/v7").shared().with_flags(0x0500_0200).bytes();
    vec![silent(
        RULE.rule,
        "Android's ARM is soft-float",
        with("linux/arm/v7", "srv/prebuilds/android-arm/m.node", soft),
    )]
}
