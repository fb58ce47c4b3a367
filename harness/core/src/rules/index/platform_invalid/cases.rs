use crate::fixture::{Image, Variant};
use crate::rules::index::platform_invalid::RULE;
use crate::rules::tests::index::healthy;
use crate::rules::tests::{Case, caught, silent};
use serde_json::json;

pub(in crate::rules) fn cases() -> Vec<Case> {
    let beside = |platform| Image::new([Variant::healthy("linux/amd64"), Variant::new(platform)]);
    let index: &[&str] = &["error - -"];
    vec![
        caught(RULE.rule, "amd64 has no v5", beside("linux/amd64/v5"), index),
        caught(RULE.rule, "no operating system", beside("/arm64"), index),
        caught(RULE.rule, "no architecture", beside("linux/"), index),
        caught(RULE.rule, "uname's name", beside("linux/armv7l"), index),
        caught(RULE.rule, "a variant where there is none", beside("linux/s390x/v1"), index),
        caught(RULE.rule, "unknown, and no attestation", beside("unknown/unknown"), index),
        silent(
            RULE.rule,
            "an attestation that lost its annotation",
            healthy(&["linux/amd64"]).and_bare_attestation(),
        ),
        silent(
            RULE.rule,
            "capitals",
            Image::new([Variant::healthy("linux/amd64").stated_as("Linux/AMD64")]),
        ),
        silent(
            RULE.rule,
            "an architecture that exists, and that nothing is known of",
            beside("linux/mipsle"),
        ),
        caught(
            RULE.rule,
            "arm64 has no v7",
            Image::new([Variant::healthy("linux/amd64"), Variant::new("linux/arm64/v7")]),
            &["error - -"],
        ),
        caught(
            RULE.rule,
            "the variant names the architecture again",
            Image::new([Variant::healthy("linux/amd64"), Variant::new("linux/arm/armv7")]),
            &["error - -"],
        ),
        caught(
            RULE.rule,
            "empty platform arguments left no platform",
            Image::new([Variant::healthy("linux/amd64"), Variant::new("/")]),
            &["error - -"],
        ),
        silent(
            RULE.rule,
            "an attestation is no variant",
            healthy(&["linux/amd64"]).and_attestation(),
        ),
        silent(
            RULE.rule,
            "a Windows image beside the Linux ones exists, and is not ours to judge",
            healthy(&["linux/amd64"]).and(&Variant::new("windows/amd64")),
        ),
        silent(
            RULE.rule,
            "an entry that is no manifest is to be ignored",
            healthy(&["linux/amd64"]).and_entry(json!({
                "mediaType": "application/vnd.example.notes+json",
                "digest": crate::oci::Digest::of(b"notes"),
                "size": 5,
            })),
        ),
    ]
}
