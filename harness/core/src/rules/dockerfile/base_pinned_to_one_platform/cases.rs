use crate::rules::dockerfile::base_pinned_to_one_platform::RULE;
use crate::rules::tests::Case;
use crate::rules::tests::dockerfile::bases::{one, unfit};
use crate::rules::tests::dockerfile::{bad, good};

const DIGEST: &str =
    "debian@sha256:e623db73ed29c98a25e3d2ee7bd0f1b0e2c9e4b2d1f0a9b8c7d6e5f4a3b2c1d0";

pub(in crate::rules) fn cases() -> Vec<Case> {
    let arm64 = "linux/arm64";
    let amd64 = "linux/amd64";
    let pinned = "FROM debian@sha256:e623db73ed29c98a25e3d2ee7bd0f1b0e2c9e4b2d1f0a9b8c7d6e5f4a3b2c1d0\nRUN x\n";
    vec![
        bad(RULE.rule, "the manifest's digest", pinned, &["error - 1:6"]).asked(vec![unfit(
            DIGEST,
            arm64,
            one(amd64),
        )]),
        good(RULE.rule, "the index's digest", pinned),
        good(
            RULE.rule,
            "a digest for the platform that it is of",
            "FROM debian@sha256:1 AS base-amd64\nFROM debian@sha256:2 AS base-arm64\nFROM base-$TARGETARCH\n",
        ),
    ]
}
