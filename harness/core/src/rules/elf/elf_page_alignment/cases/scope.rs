use crate::fixture::ElfFile;
use crate::rules::elf::elf_page_alignment::RULE;
use crate::rules::tests::scope::with;
use crate::rules::tests::{Case, silent};

pub(super) fn cases() -> Vec<Case> {
    let small = ElfFile::of("linux/arm64").shared().with_alignment(0x1000).bytes();
    vec![silent(
        RULE.rule,
        "Android has pages of its own",
        with("linux/arm64", "srv/prebuilds/android-arm64/m.node", small),
    )]
}
