//! Two entries of the index for one platform.

use std::collections::BTreeSet;

use crate::oci::Digest;
use crate::platform::Platform;
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::PlatformDuplicate,
    group: Group::Index,
    severity: Severity::Error,
    summary: "Two index entries are for the same platform.",
    page: include_str!("../../../pages/PlatformDuplicate.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut entries: Vec<(Platform, Digest)> = context.image.entries().collect();
    entries.sort_by_key(|it| it.0);
    let groups = entries.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
    groups.map(finding).collect()
}

fn finding(same: &[(Platform, Digest)]) -> Finding {
    let platform = same[0].0;
    let digests: BTreeSet<String> = same.iter().map(|it| it.1.to_string()).collect();
    let digests: Vec<String> = digests.into_iter().collect();
    if let [digest] = digests.as_slice() {
        let message = format!(
            "{} index entries are for {platform}, all with the digest {digest}",
            same.len()
        );
        return RULE.of_platform(platform, message).with_severity(Severity::Warning);
    }
    let message = format!(
        "{} different manifests are for {platform}, so which one is used is arbitrary: {}",
        same.len(),
        digests.join(", ")
    );
    RULE.of_platform(platform, message)
}
