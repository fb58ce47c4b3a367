use crate::fixture::{Image, Variant};
use crate::rules::index::platform_duplicate::RULE;
use crate::rules::tests::index::healthy;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "arm64 twice, spelt differently",
            healthy(&["linux/arm64", "linux/arm64/v8"]),
            &["error linux/arm64 -"],
        ),
        caught(
            RULE.rule,
            "GOARCH without a platform: both images say amd64, one has arm64's program",
            Image::new([
                Variant::healthy("linux/amd64"),
                Variant::new("linux/amd64").app("linux/arm64"),
            ]),
            &["error linux/amd64 -"],
        )
        .besides(&["ElfMachineMismatch error linux/amd64 /app"]),
        caught(
            RULE.rule,
            "the same manifest twice is superfluous",
            healthy(&["linux/amd64", "linux/amd64"]),
            &["warning linux/amd64 -"],
        ),
        silent(
            RULE.rule,
            "two variants of one architecture",
            healthy(&["linux/arm/v6", "linux/arm/v7"]),
        )
        .besides(&["ParityIdenticalBinary note linux/arm/v7 /app"]),
        silent(
            RULE.rule,
            "two variants of one architecture, the older first",
            healthy(&["linux/arm/v5", "linux/arm/v7"]),
        )
        .besides(&["ParityIdenticalBinary note linux/arm/v7 /app"]),
        silent(
            RULE.rule,
            "levels of one architecture",
            healthy(&["linux/amd64", "linux/amd64/v3"]),
        )
        .besides(&["ParityIdenticalBinary note linux/amd64/v3 /app"]),
    ]
}
