use crate::fixture::ElfFile;
use crate::rules::elf::elf_packed::RULE;
use crate::rules::tests::declared::alone;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let scanner = ElfFile::of("linux/arm64").with_data(b"looks for UPX! in files");
    vec![
        caught(
            RULE.rule,
            "packed by UPX",
            alone("linux/arm64", &ElfFile::of("linux/arm64").packed_by_upx()),
            &["warning linux/arm64 /app"],
        ),
        silent(RULE.rule, "a program that knows UPX's mark", alone("linux/arm64", &scanner)),
    ]
}
