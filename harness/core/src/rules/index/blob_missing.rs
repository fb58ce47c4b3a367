//! A blob that the image names, and that does not exist.

use crate::evidence::image::{BlobFaultKind, Unreadable};
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::index::location;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::BlobMissing,
    group: Group::Index,
    severity: Severity::Error,
    summary: "A manifest, config or layer that the image refers to does not exist.",
    page: include_str!("../../../pages/BlobMissing.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.image.unreadable.iter().flat_map(missing).collect()
}

fn missing(variant: &Unreadable) -> impl Iterator<Item = Finding> {
    let missing = variant.faults.iter().filter(|it| matches!(it.kind, BlobFaultKind::Missing));
    missing.map(|fault| {
        let message = format!(
            "the {} {}, which the image refers to, does not exist",
            fault.role, fault.digest
        );
        RULE.at(location(variant), message)
    })
}
