use crate::fixture::{Image, Variant};
use crate::rules::index::platform_descriptor_mismatch::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "the config was written for the builder's own architecture",
            Variant::new("linux/arm64").stated_as("linux/amd64").app("linux/amd64"),
            &["error linux/amd64 -"],
        ),
        caught(
            RULE.rule,
            "the config states no architecture",
            Variant::new("linux/").stated_as("linux/amd64").app("linux/amd64"),
            &["error linux/amd64 -"],
        ),
        caught(
            RULE.rule,
            "the config's variant is another one",
            Variant::healthy("linux/arm/v7").stated_as("linux/arm/v6"),
            &["error linux/arm/v6 -"],
        ),
        caught(
            RULE.rule,
            "the config states no operating system",
            Variant::new("/amd64").stated_as("linux/amd64").app("linux/amd64"),
            &["error linux/amd64 -"],
        ),
        caught(
            RULE.rule,
            "one manifest under two platforms",
            Image::new([
                Variant::healthy("linux/amd64"),
                Variant::healthy("linux/amd64").stated_as("linux/arm64"),
            ]),
            &["error linux/arm64 -"],
        )
        .besides(&["ElfMachineMismatch error linux/arm64 /app"]),
        silent(
            RULE.rule,
            "the config states what normalisation leaves out",
            Image::new([
                Variant::healthy("linux/amd64/v1").stated_as("linux/amd64"),
                Variant::healthy("linux/arm/v7").stated_as("linux/arm"),
                Variant::healthy("linux/arm64").stated_as("linux/arm64/v8"),
            ]),
        ),
        silent(
            RULE.rule,
            "the config states another spelling",
            Variant::healthy("linux/aarch64").stated_as("linux/arm64"),
        ),
        silent(
            RULE.rule,
            "a config without a variant claims none",
            Variant::healthy("linux/arm").stated_as("linux/arm/v6"),
        ),
        silent(
            RULE.rule,
            "v8 is what arm64 means",
            Variant::healthy("linux/arm64/v8").stated_as("linux/arm64"),
        ),
        silent(
            RULE.rule,
            "an entry without a platform leaves it to the config",
            Variant::healthy("linux/s390x").unstated(),
        ),
    ]
}
