//! The index: which platforms there are, and whether its claims agree with one another.

use std::collections::BTreeSet;

use super::{Finding, Rule, Severity};
use crate::elf::Machine;
use crate::evidence::image::{
    BlobFault, BlobFaultKind, Content, ImageFacts, OddityKind, Unreadable, Variant,
};
use crate::oci::Digest;
use crate::platform::Platform;

pub(super) fn check(image: &ImageFacts) -> Vec<Finding> {
    let mut findings = missing(image);
    findings.extend(duplicates(image));
    findings.extend(oddities(image));
    for variant in &image.variants {
        findings.extend(descriptor_mismatch(variant));
        findings.extend(empty(variant));
        findings.extend(digests(variant));
    }
    findings.extend(image.unreadable.iter().flat_map(blobs));
    findings
}

/// The platforms of all variants that were to be read, each with its manifest.
fn entries(image: &ImageFacts) -> impl Iterator<Item = (Platform, Digest)> {
    let unreadable = image.unreadable.iter().filter_map(|it| Some((it.platform?, it.digest)));
    image.variants.iter().map(|it| (it.platform, it.digest)).chain(unreadable)
}

fn missing(image: &ImageFacts) -> Vec<Finding> {
    if image.unreadable.iter().any(|it| it.platform.is_none()) {
        // It may be that one.
        return Vec::new();
    }
    let there: BTreeSet<Platform> = entries(image).map(|it| it.0).collect();
    let all: BTreeSet<Platform> = there.iter().chain(&image.unread).copied().collect();
    let list: Vec<String> = all.iter().map(ToString::to_string).collect();
    let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    image
        .requested
        .iter()
        .filter(|platform| !there.contains(platform))
        .map(|platform| {
            let message =
                format!("{platform} was asked for and is not in the index, which has {list}");
            Finding::of_platform(Rule::PlatformMissing, *platform, message)
        })
        .collect()
}

fn duplicates(image: &ImageFacts) -> Vec<Finding> {
    let mut entries: Vec<(Platform, Digest)> = entries(image).collect();
    entries.sort_by_key(|it| it.0);
    entries
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|same| same.len() > 1)
        .map(|same| {
            let digests: BTreeSet<String> = same.iter().map(|it| it.1.to_string()).collect();
            let digests: Vec<String> = digests.into_iter().collect();
            let platform = same[0].0;
            if let [digest] = digests.as_slice() {
                let message = format!("{} entries are for {platform}, all {digest}", same.len());
                return Finding::of_platform(Rule::PlatformDuplicate, platform, message)
                    .with_severity(Severity::Warning);
            }
            let message = format!(
                "{} manifests are for {platform}, so that which one is used is left to chance: {}",
                same.len(),
                digests.join(", ")
            );
            Finding::of_platform(Rule::PlatformDuplicate, platform, message)
        })
        .collect()
}

fn oddities(image: &ImageFacts) -> Vec<Finding> {
    image
        .oddities
        .iter()
        .filter_map(|oddity| match &oddity.kind {
            OddityKind::Nested => Some(Finding::of_index(
                Rule::IndexNested,
                format!(
                    "the entry {} is an index, which engines do not descend into",
                    oddity.digest
                ),
            )),
            OddityKind::Platform { stated, reason } => Some(
                Finding::of_index(
                    Rule::PlatformInvalid,
                    format!("the entry {} is for {stated}: {reason}", oddity.digest),
                )
                .with_values(&"a platform that exists", stated),
            ),
            OddityKind::OtherSystem { .. } => None,
        })
        .collect()
}

/// A config without a variant makes no claim about it: builders leave it out.
fn descriptor_mismatch(variant: &Variant) -> Option<Finding> {
    let stated = &variant.config_platform;
    let normalised = Platform::from_parts(&stated.os, &stated.architecture, &stated.variant);
    let agrees = match normalised {
        Ok(platform) if stated.variant.is_empty() => {
            platform.architecture_name() == variant.platform.architecture_name()
        }
        Ok(platform) => platform == variant.platform,
        Err(_) => false,
    };
    let message =
        || format!("the index says {}, the image's own config says {stated}", variant.platform);
    (!agrees).then(|| {
        Finding::of_platform(Rule::PlatformDescriptorMismatch, variant.platform, message())
            .with_values(&variant.platform, stated)
    })
}

fn empty(variant: &Variant) -> Option<Finding> {
    variant.files.is_empty().then(|| {
        let message = match variant.layers.len() {
            0 => "the image has no layers".to_owned(),
            count => format!("the image has no file in its layers, of which there are {count}"),
        };
        Finding::of_platform(Rule::LayersEmpty, variant.platform, message)
    })
}

fn digests(variant: &Variant) -> Vec<Finding> {
    let surplus = |diff_id: &Digest| {
        let message = "the config has a diff_id for which the manifest has no layer".to_owned();
        Finding::of_platform(Rule::DigestMismatch, variant.platform, message)
            .with_values(diff_id, &"(none)")
    };
    let mut findings: Vec<Finding> = variant.surplus.iter().map(surplus).collect();
    for layer in &variant.layers {
        for it in &layer.contradictions {
            let message =
                format!("the {} of the layer {} is not what was stated", it.field, layer.digest);
            findings.push(
                Finding::of_platform(Rule::DigestMismatch, variant.platform, message)
                    .with_values(&it.stated, &it.actual),
            );
        }
    }
    findings
}

/// What is wrong with the blobs of a variant of which nothing else is known. Those that may be right
/// for all that is known are no findings.
fn blobs(variant: &Unreadable) -> Vec<Finding> {
    let mut findings = Vec::new();
    for BlobFault { role, digest, kind } in &variant.faults {
        findings.extend(match kind {
            BlobFaultKind::Contradicted(it) => {
                let message =
                    format!("the {} of the {role} {digest} is not what was stated", it.field);
                let finding = of_variant(Rule::DigestMismatch, variant, message);
                Some(finding.with_values(&it.stated, &it.actual))
            }
            BlobFaultKind::Missing => {
                let message = format!("the {role} {digest} is missing, which the image names");
                Some(of_variant(Rule::BlobMissing, variant, message))
            }
            BlobFaultKind::Unusable { .. } => None,
        });
    }
    findings
}

fn of_variant(rule: Rule, variant: &Unreadable, message: String) -> Finding {
    match variant.platform {
        Some(platform) => Finding::of_platform(rule, platform, message),
        None => Finding::of_index(rule, message),
    }
}

/// Where the same layers hold code that `ElfMachineMismatch` judges, that rule has said it, file by
/// file; here remains the code that it leaves out, such as object files.
pub(super) fn check_identical_layers(image: &ImageFacts, findings: &[Finding]) -> Vec<Finding> {
    let told = |platform: Platform| {
        findings
            .iter()
            .any(|it| it.rule == Rule::ElfMachineMismatch && it.platform == Some(platform))
    };
    let mut identical = Vec::new();
    for (at, one) in image.variants.iter().enumerate() {
        for other in &image.variants[at + 1..] {
            let same = !one.layers.is_empty()
                && one
                    .layers
                    .iter()
                    .map(|it| it.digest)
                    .eq(other.layers.iter().map(|it| it.digest));
            let machines_differ = one.platform.elf_target() != other.platform.elf_target();
            if same
                && machines_differ
                && holds_code(one)
                && !told(one.platform)
                && !told(other.platform)
            {
                let message = format!(
                    "{} and {} have the same layers, and machine code in them",
                    one.platform, other.platform
                );
                identical.push(Finding::of_index(Rule::LayersIdentical, message));
            }
        }
    }
    identical
}

fn holds_code(variant: &Variant) -> bool {
    variant.files.iter().any(|(_, node)| match node.content() {
        Some(Content::Elf(facts)) => {
            !matches!(facts.machine, Machine::BPF | Machine::CUDA | Machine::AMDGPU)
        }
        _ => false,
    })
}
