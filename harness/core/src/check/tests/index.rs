use serde_json::json;

use super::{Case, Rule, caught, silent};
use crate::elf::{ElfType, Machine};
use crate::evidence::image::BlobRole;
use crate::fixture::{ElfFile, Image, Layer, Lie, Variant};
use crate::oci::Compression;

pub(super) fn cases() -> Vec<Case> {
    [
        platforms(),
        invalid(),
        descriptors(),
        nesting(),
        emptiness(),
        missing(),
        digests(),
        identical_layers(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn healthy(platforms: &[&str]) -> Image {
    Image::of(platforms.iter().map(|it| Variant::healthy(it)))
}

fn platforms() -> Vec<Case> {
    vec![
        caught(
            Rule::PlatformMissing,
            "arm/v7 is published, arm/v6 was asked for",
            healthy(&["linux/amd64", "linux/arm/v7"]),
            &["error linux/arm/v6 -"],
        )
        .requesting(&["linux/amd64", "linux/arm/v6"]),
        caught(
            Rule::PlatformMissing,
            "one platform's image, without an index",
            healthy(&["linux/amd64"]).without_index(),
            &["error linux/arm64 -"],
        )
        .requesting(&["linux/amd64", "linux/arm64"]),
        silent(
            Rule::PlatformMissing,
            "an index of one platform with an attestation, where that was asked for",
            healthy(&["linux/amd64"]).and_attestation(),
        )
        .requesting(&["linux/amd64"]),
        silent(
            Rule::PlatformMissing,
            "the same platform, spelt otherwise",
            healthy(&["linux/arm64/v8", "linux/arm"]),
        )
        .requesting(&["linux/arm64", "linux/arm/v7"]),
        silent(
            Rule::PlatformMissing,
            "more is published than was asked for",
            healthy(&["linux/amd64", "linux/arm64"]),
        )
        .requesting(&["linux/arm64"]),
        caught(
            Rule::PlatformDuplicate,
            "arm64 twice, spelt differently",
            healthy(&["linux/arm64", "linux/arm64/v8"]),
            &["error linux/arm64 -"],
        ),
        caught(
            Rule::PlatformDuplicate,
            "GOARCH without a platform: both images say amd64, one has arm64's program",
            Image::of([
                Variant::healthy("linux/amd64"),
                Variant::new("linux/amd64").app("linux/arm64"),
            ]),
            &["error linux/amd64 -"],
        )
        .besides(&["ElfMachineMismatch error linux/amd64 /app"]),
        caught(
            Rule::PlatformDuplicate,
            "the same manifest twice is superfluous",
            healthy(&["linux/amd64", "linux/amd64"]),
            &["warning linux/amd64 -"],
        ),
        silent(
            Rule::PlatformDuplicate,
            "two variants of one architecture",
            healthy(&["linux/arm/v6", "linux/arm/v7"]),
        )
        .besides(&["ParityIdenticalBinary note linux/arm/v7 /app"]),
        silent(
            Rule::PlatformDuplicate,
            "two variants of one architecture, the older first",
            healthy(&["linux/arm/v5", "linux/arm/v7"]),
        )
        .besides(&["ParityIdenticalBinary note linux/arm/v7 /app"]),
        silent(
            Rule::PlatformDuplicate,
            "levels of one architecture",
            healthy(&["linux/amd64", "linux/amd64/v3"]),
        )
        .besides(&["ParityIdenticalBinary note linux/amd64/v3 /app"]),
    ]
}

fn invalid() -> Vec<Case> {
    let beside = |platform| Image::of([Variant::healthy("linux/amd64"), Variant::new(platform)]);
    let index: &[&str] = &["error - -"];
    vec![
        caught(Rule::PlatformInvalid, "amd64 has no v5", beside("linux/amd64/v5"), index),
        caught(Rule::PlatformInvalid, "no operating system", beside("/arm64"), index),
        caught(Rule::PlatformInvalid, "no architecture", beside("linux/"), index),
        caught(Rule::PlatformInvalid, "uname's name", beside("linux/armv7l"), index),
        caught(
            Rule::PlatformInvalid,
            "a variant where there is none",
            beside("linux/s390x/v1"),
            index,
        ),
        caught(
            Rule::PlatformInvalid,
            "unknown, and no attestation",
            beside("unknown/unknown"),
            index,
        ),
        silent(
            Rule::PlatformInvalid,
            "an attestation that lost its annotation",
            healthy(&["linux/amd64"]).and_bare_attestation(),
        ),
        silent(
            Rule::PlatformInvalid,
            "capitals",
            Image::of([Variant::healthy("linux/amd64").stated_as("Linux/AMD64")]),
        ),
        silent(
            Rule::PlatformInvalid,
            "an architecture that exists, and that nothing is known of",
            beside("linux/mipsle"),
        ),
        caught(
            Rule::PlatformInvalid,
            "arm64 has no v7",
            Image::of([Variant::healthy("linux/amd64"), Variant::new("linux/arm64/v7")]),
            &["error - -"],
        ),
        caught(
            Rule::PlatformInvalid,
            "the variant names the architecture again",
            Image::of([Variant::healthy("linux/amd64"), Variant::new("linux/arm/armv7")]),
            &["error - -"],
        ),
        caught(
            Rule::PlatformInvalid,
            "empty platform arguments left no platform",
            Image::of([Variant::healthy("linux/amd64"), Variant::new("/")]),
            &["error - -"],
        ),
        silent(
            Rule::PlatformInvalid,
            "an attestation is no variant",
            healthy(&["linux/amd64"]).and_attestation(),
        ),
        silent(
            Rule::PlatformInvalid,
            "a Windows image beside the Linux ones exists, and is not ours to judge",
            healthy(&["linux/amd64"]).and(&Variant::new("windows/amd64")),
        ),
        silent(
            Rule::PlatformInvalid,
            "an entry that is no manifest is to be ignored",
            healthy(&["linux/amd64"]).and_entry(json!({
                "mediaType": "application/vnd.example.notes+json",
                "digest": crate::oci::Digest::of(b"notes"),
                "size": 5,
            })),
        ),
    ]
}

fn descriptors() -> Vec<Case> {
    use Rule::PlatformDescriptorMismatch as Mismatch;
    vec![
        caught(
            Mismatch,
            "the config was written for the builder's own architecture",
            Variant::new("linux/arm64").stated_as("linux/amd64").app("linux/amd64"),
            &["error linux/amd64 -"],
        ),
        caught(
            Mismatch,
            "the config states no architecture",
            Variant::new("linux/").stated_as("linux/amd64").app("linux/amd64"),
            &["error linux/amd64 -"],
        ),
        caught(
            Mismatch,
            "the config's variant is another one",
            Variant::healthy("linux/arm/v7").stated_as("linux/arm/v6"),
            &["error linux/arm/v6 -"],
        ),
        caught(
            Mismatch,
            "the config states no operating system",
            Variant::new("/amd64").stated_as("linux/amd64").app("linux/amd64"),
            &["error linux/amd64 -"],
        ),
        caught(
            Mismatch,
            "one manifest under two platforms",
            Image::of([
                Variant::healthy("linux/amd64"),
                Variant::healthy("linux/amd64").stated_as("linux/arm64"),
            ]),
            &["error linux/arm64 -"],
        )
        .besides(&["ElfMachineMismatch error linux/arm64 /app"]),
        silent(
            Mismatch,
            "the config states what normalisation leaves out",
            Image::of([
                Variant::healthy("linux/amd64/v1").stated_as("linux/amd64"),
                Variant::healthy("linux/arm/v7").stated_as("linux/arm"),
                Variant::healthy("linux/arm64").stated_as("linux/arm64/v8"),
            ]),
        ),
        silent(
            Mismatch,
            "the config states another spelling",
            Variant::healthy("linux/aarch64").stated_as("linux/arm64"),
        ),
        silent(
            Mismatch,
            "a config without a variant claims none",
            Variant::healthy("linux/arm").stated_as("linux/arm/v6"),
        ),
        silent(
            Mismatch,
            "v8 is what arm64 means",
            Variant::healthy("linux/arm64/v8").stated_as("linux/arm64"),
        ),
        silent(
            Mismatch,
            "an entry without a platform leaves it to the config",
            Variant::healthy("linux/s390x").unstated(),
        ),
    ]
}

fn nesting() -> Vec<Case> {
    let nested = healthy(&["linux/amd64"]).and_index(healthy(&["linux/arm64"]));
    vec![
        caught(
            Rule::IndexNested,
            "one index a platform, put together again",
            nested,
            &["error - -"],
        ),
        silent(
            Rule::IndexNested,
            "an attestation beside each variant",
            healthy(&["linux/amd64"]).and_attestation(),
        ),
    ]
}

fn emptiness() -> Vec<Case> {
    let nothing = Variant::new("linux/amd64").entrypoint(&["/app"]);
    let found: &[&str] = &["error linux/amd64 -"];
    vec![
        caught(Rule::LayersEmpty, "no layers at all", nothing.clone(), found),
        caught(
            Rule::LayersEmpty,
            "a layer that only hides things",
            nothing.layer(Layer::new().whiteout("app")),
            found,
        ),
        silent(
            Rule::LayersEmpty,
            "one empty layer among others",
            Variant::healthy("linux/amd64").layer(Layer::new()),
        ),
    ]
}

fn digests() -> Vec<Case> {
    let with = |lie| {
        Variant::healthy("linux/amd64").false_layer(Layer::new().file("data", 0o644, "data"), lie)
    };
    let found: &[&str] = &["error linux/amd64 -"];
    vec![
        caught(Rule::DigestMismatch, "the blob has another digest", with(Lie::Digest), found),
        caught(Rule::DigestMismatch, "the blob has another size", with(Lie::Size), found),
        caught(Rule::DigestMismatch, "the tar has another diff_id", with(Lie::DiffId), found),
        caught(Rule::DigestMismatch, "the config has no diff_id", with(Lie::DiffIdMissing), found),
        caught(
            Rule::DigestMismatch,
            "the config has a diff_id without a layer",
            with(Lie::DiffIdSurplus),
            found,
        ),
        silent(Rule::DigestMismatch, "all statements are true", with(Lie::None)),
    ]
    .into_iter()
    .chain(damage())
    .collect()
}

fn missing() -> Vec<Case> {
    let lacking = |role| {
        let own = Layer::new().file("data", 0o644, "data");
        healthy(&["linux/amd64"])
            .and(&Variant::healthy("linux/arm64").layer(own))
            .without_blob(role)
    };
    let rule = Rule::BlobMissing;
    let found: &[&str] = &["error linux/arm64 -"];
    let unstated = Variant::healthy("linux/arm64").unstated();
    vec![
        caught(rule, "an index whose push broke off", lacking(BlobRole::Manifest), found),
        caught(rule, "a config that was deleted", lacking(BlobRole::Config), found),
        caught(rule, "a layer that was deleted", lacking(BlobRole::Layer), found),
        caught(rule, "the platform that was asked for", lacking(BlobRole::Manifest), found)
            .requesting(&["linux/amd64", "linux/arm64"]),
        caught(
            rule,
            "a manifest of a platform that nobody states",
            healthy(&["linux/amd64"]).and(&unstated).without_blob(BlobRole::Manifest),
            &["error - -"],
        ),
        caught(
            rule,
            "the only manifest",
            healthy(&["linux/amd64"]).without_index().without_blob(BlobRole::Manifest),
            &["error - -"],
        )
        .requesting(&["linux/amd64"]),
        silent(rule, "a manifest that nobody asked for", lacking(BlobRole::Manifest))
            .requesting(&["linux/amd64"]),
        silent(rule, "a config that nobody asked for", lacking(BlobRole::Config))
            .requesting(&["linux/amd64"]),
        silent(rule, "a layer that nobody asked for", lacking(BlobRole::Layer))
            .requesting(&["linux/amd64"]),
        silent(
            rule,
            "an attestation that was not copied",
            healthy(&["linux/amd64"]).and_attestation().without_blob(BlobRole::Manifest),
        ),
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
    let rule = Rule::DigestMismatch;
    vec![
        caught(rule, "other bytes, which are no gzip", beside(BlobRole::Layer, swap), found),
        caught(rule, "half a layer", beside(BlobRole::Layer, cut), both),
        caught(rule, "half a manifest", beside(BlobRole::Manifest, cut), found),
        caught(rule, "half a config", beside(BlobRole::Config, cut), found),
        silent(rule, "half a manifest of a platform that nobody asked for", {
            beside(BlobRole::Manifest, cut)
        })
        .requesting(&["linux/amd64"]),
        silent(rule, "half a layer of a platform that nobody asked for", {
            beside(BlobRole::Layer, cut)
        })
        .requesting(&["linux/amd64"]),
        silent(
            rule,
            "half a layer that is stated to be just that: nobody knows whose fault it is",
            healthy(&["linux/amd64"])
                .and(&Variant::healthy("linux/arm64").false_layer(packed, Lie::CutOff)),
        ),
    ]
}

fn identical_layers() -> Vec<Case> {
    let shared = |content: Vec<u8>| {
        let layer = Layer::new().file("usr/lib/crt1.o", 0o644, content);
        Image::of(["linux/amd64", "linux/arm64"].map(|it| Variant::new(it).layer(layer.clone())))
    };
    // What is the same for two machines holds no program of either.
    let no_command: &[&str] =
        &["EntrypointMissing note linux/amd64 -", "EntrypointMissing note linux/arm64 -"];
    let object = |file: ElfFile| file.with_type(ElfType::REL).bytes();
    vec![
        caught(
            Rule::LayersIdentical,
            "object files that only one of the machines can link",
            shared(object(ElfFile::of("linux/amd64"))),
            &["warning - -"],
        )
        .besides(no_command),
        silent(
            Rule::LayersIdentical,
            "programs for the kernel's own virtual machine are the same everywhere",
            shared(object(ElfFile::of_machine(Machine::BPF))),
        )
        .besides(no_command),
        silent(Rule::LayersIdentical, "data are the same everywhere", shared(b"data".to_vec()))
            .besides(no_command),
        silent(
            Rule::LayersIdentical,
            "the same code for two variants of one machine",
            Image::of([
                Variant::healthy("linux/arm/v6"),
                Variant::new("linux/arm/v7").app("linux/arm/v6"),
            ]),
        )
        .besides(&["ParityIdenticalBinary note linux/arm/v7 /app"]),
    ]
}
