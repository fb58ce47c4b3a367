//! A base image that is not available for a platform.

use crate::dockerfile::BaseOffer;
use crate::rules::analysis::dockerfile::Analysis;
use crate::rules::analysis::dockerfile::bases::{Unfit, unfit};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::BasePlatformMissing,
    group: Group::Dockerfile,
    severity: Severity::Error,
    summary: "A base image is not available for a platform.",
    page: include_str!("../../../pages/BasePlatformMissing.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let found = unfit(analysis);
    let missing = found.iter().filter_map(|it| {
        let finding = RULE.of_byte(analysis, it.byte, message(it)?);
        Some(finding.with_severity(it.severity))
    });
    missing.collect()
}

/// Nothing where the base is pinned to one platform's image, which is another rule's.
fn message(unfit: &Unfit<'_>) -> Option<String> {
    let (image, lacks) = (unfit.image, list(&unfit.lacks));
    match unfit.offer {
        BaseOffer::Others(has) if has.is_empty() => {
            Some(format!("{image} is not available for {lacks}"))
        }
        BaseOffer::Others(has) => {
            Some(format!("{image} is not available for {lacks}; it has {}", list(has)))
        }
        BaseOffer::One(_) if image.contains('@') => None,
        BaseOffer::One(is) => Some(format!(
            "{image} is published for {is} only, and BuildKit uses it for {lacks} too"
        )),
    }
}
