//! A base image that is pinned to the digest of one platform's image.

use crate::dockerfile::BaseOffer;
use crate::rules::analysis::dockerfile::Analysis;
use crate::rules::analysis::dockerfile::bases::unfit;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::BasePinnedToOnePlatform,
    group: Group::Dockerfile,
    severity: Severity::Error,
    summary: "A base image is pinned to the digest of one platform's image, not of the index.",
    page: include_str!("../../../pages/BasePinnedToOnePlatform.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let found = unfit(analysis);
    let pinned = found.iter().filter_map(|it| {
        let BaseOffer::One(is) = it.offer else { return None };
        let (image, lacks) = (it.image, list(&it.lacks));
        let message =
            format!("{image} is the image of {is}, not the index, so {lacks} gets it too");
        let finding = RULE.of_byte(analysis, it.byte, message);
        image.contains('@').then(|| finding.with_severity(it.severity))
    });
    pinned.collect()
}
