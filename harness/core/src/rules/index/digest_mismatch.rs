//! Bytes that are not those that their digest or size says.

use crate::evidence::image::{BlobFaultKind, Unreadable, Variant};
use crate::oci::Digest;
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::index::location;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::DigestMismatch,
    group: Group::Index,
    severity: Severity::Error,
    summary: "The bytes of a layer, config or manifest do not match their stated digest or size.",
    page: include_str!("../../../pages/DigestMismatch.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let readable = context.variants.iter().flat_map(|it| of_layers(it.variant));
    readable.chain(context.image.unreadable.iter().flat_map(of_blobs)).collect()
}

fn of_layers(variant: &Variant) -> Vec<Finding> {
    let surplus = |diff_id: &Digest| {
        let message = "the config lists a diff_id for which the manifest has no layer".to_owned();
        RULE.of_platform(variant.platform, message).with_values(diff_id, &"(none)")
    };
    let mut findings: Vec<Finding> = variant.surplus.iter().map(surplus).collect();
    for layer in &variant.layers {
        for it in &layer.contradictions {
            let message = format!(
                "the {} of the layer {} differs from the stated one",
                it.field, layer.digest
            );
            let finding = RULE.of_platform(variant.platform, message);
            findings.push(finding.with_values(&it.stated, &it.actual));
        }
    }
    findings
}

/// What is wrong with the blobs of a variant of which nothing else is known. Those that may be right
/// for all that is known are no findings.
fn of_blobs(variant: &Unreadable) -> impl Iterator<Item = Finding> {
    variant.faults.iter().filter_map(|fault| {
        let BlobFaultKind::Contradicted(it) = &fault.kind else { return None };
        let (role, digest) = (&fault.role, &fault.digest);
        let message =
            format!("the {} of the {role} {digest} differs from the stated one", it.field);
        Some(RULE.at(location(variant), message).with_values(&it.stated, &it.actual))
    })
}
