use crate::evidence::image::BlobRole;
use crate::fixture::{Layer, Variant};
use crate::rules::index::blob_missing::RULE;
use crate::rules::tests::index::healthy;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let lacking = |role| {
        let own = Layer::new().file("data", 0o644, "data");
        healthy(&["linux/amd64"])
            .and(&Variant::healthy("linux/arm64").layer(own))
            .without_blob(role)
    };
    let found: &[&str] = &["error linux/arm64 -"];
    let unstated = Variant::healthy("linux/arm64").unstated();
    vec![
        caught(RULE.rule, "an index whose push broke off", lacking(BlobRole::Manifest), found),
        caught(RULE.rule, "a config that was deleted", lacking(BlobRole::Config), found),
        caught(RULE.rule, "a layer that was deleted", lacking(BlobRole::Layer), found),
        caught(RULE.rule, "the platform that was asked for", lacking(BlobRole::Manifest), found)
            .requesting(&["linux/amd64", "linux/arm64"]),
        caught(
            RULE.rule,
            "a manifest of a platform that nobody states",
            healthy(&["linux/amd64"]).and(&unstated).without_blob(BlobRole::Manifest),
            &["error - -"],
        ),
        caught(
            RULE.rule,
            "the only manifest",
            healthy(&["linux/amd64"]).without_index().without_blob(BlobRole::Manifest),
            &["error - -"],
        )
        .requesting(&["linux/amd64"]),
        silent(RULE.rule, "a manifest that nobody asked for", lacking(BlobRole::Manifest))
            .requesting(&["linux/amd64"]),
        silent(RULE.rule, "a config that nobody asked for", lacking(BlobRole::Config))
            .requesting(&["linux/amd64"]),
        silent(RULE.rule, "a layer that nobody asked for", lacking(BlobRole::Layer))
            .requesting(&["linux/amd64"]),
        silent(
            RULE.rule,
            "an attestation that was not copied",
            healthy(&["linux/amd64"]).and_attestation().without_blob(BlobRole::Manifest),
        ),
    ]
}
