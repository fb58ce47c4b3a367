use crate::fixture::{Image, Variant};
use crate::rules::elf::elf_machine_mismatch::RULE;
use crate::rules::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    vec![caught(
        RULE.rule,
        "another machine's program is just that",
        Image::new([
            Variant::healthy("linux/amd64"),
            Variant::new("linux/arm64").app("linux/amd64"),
        ]),
        &["error linux/arm64 /app"],
    )]
}
