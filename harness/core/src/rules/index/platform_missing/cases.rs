use crate::rules::index::platform_missing::RULE;
use crate::rules::tests::index::healthy;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "arm/v7 is published, arm/v6 was asked for",
            healthy(&["linux/amd64", "linux/arm/v7"]),
            &["error linux/arm/v6 -"],
        )
        .requesting(&["linux/amd64", "linux/arm/v6"]),
        caught(
            RULE.rule,
            "one platform's image, without an index",
            healthy(&["linux/amd64"]).without_index(),
            &["error linux/arm64 -"],
        )
        .requesting(&["linux/amd64", "linux/arm64"]),
        silent(
            RULE.rule,
            "an index of one platform with an attestation, where that was asked for",
            healthy(&["linux/amd64"]).and_attestation(),
        )
        .requesting(&["linux/amd64"]),
        silent(
            RULE.rule,
            "the same platform, spelt otherwise",
            healthy(&["linux/arm64/v8", "linux/arm"]),
        )
        .requesting(&["linux/arm64", "linux/arm/v7"]),
        silent(
            RULE.rule,
            "more is published than was asked for",
            healthy(&["linux/amd64", "linux/arm64"]),
        )
        .requesting(&["linux/arm64"]),
    ]
}
