use crate::evidence::image::BlobRole;
use crate::fixture::{Layer, Lie, Variant};
use crate::oci::Compression;
use crate::rules::index::digest_mismatch::RULE;
use crate::rules::tests::index::healthy;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    [digests(), damage()].into_iter().flatten().collect()
}

fn digests() -> Vec<Case> {
    let with = |lie| {
        Variant::healthy("linux/amd64").false_layer(Layer::new().file("data", 0o644, "data"), lie)
    };
    let found: &[&str] = &["error linux/amd64 -"];
    vec![
        caught(RULE.rule, "the blob has another digest", with(Lie::Digest), found),
        caught(RULE.rule, "the blob has another size", with(Lie::Size), found),
        caught(RULE.rule, "the tar has another diff_id", with(Lie::DiffId), found),
        caught(RULE.rule, "the config has no diff_id", with(Lie::DiffIdMissing), found),
        caught(
            RULE.rule,
            "the config has a diff_id without a layer",
            with(Lie::DiffIdSurplus),
            found,
        ),
        silent(RULE.rule, "all statements are true", with(Lie::None)),
    ]
}

/// Bytes that are not those of their digest, and make nothing that can be read.
fn damage() -> Vec<Case> {
    let beside = |role, change| {
        let packed = Layer::new().file("data", 0o644, "data").compressed(Compression::Gzip);
        healthy(&["linux/amd64"])
            .and(&Variant::healthy("linux/arm64").layer(packed))
            .with_blob(role, change)
    };
    let cut = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let swap = |bytes: &[u8]| bytes.iter().rev().copied().collect();
    let packed = Layer::new().file("data", 0o644, "data").compressed(Compression::Gzip);
    let found: &[&str] = &["error linux/arm64 -"];
    // The digest, and the size.
    let both: &[&str] = &["error linux/arm64 -", "error linux/arm64 -"];
    vec![
        caught(RULE.rule, "other bytes, which are no gzip", beside(BlobRole::Layer, swap), found),
        caught(RULE.rule, "half a layer", beside(BlobRole::Layer, cut), both),
        caught(RULE.rule, "half a manifest", beside(BlobRole::Manifest, cut), found),
        caught(RULE.rule, "half a config", beside(BlobRole::Config, cut), found),
        silent(RULE.rule, "half a manifest of a platform that nobody asked for", {
            beside(BlobRole::Manifest, cut)
        })
        .requesting(&["linux/amd64"]),
        silent(RULE.rule, "half a layer of a platform that nobody asked for", {
            beside(BlobRole::Layer, cut)
        })
        .requesting(&["linux/amd64"]),
        silent(
            RULE.rule,
            "half a layer that is stated to be just that: nobody knows whose fault it is",
            healthy(&["linux/amd64"])
                .and(&Variant::healthy("linux/arm64").false_layer(packed, Lie::CutOff)),
        ),
    ]
}
