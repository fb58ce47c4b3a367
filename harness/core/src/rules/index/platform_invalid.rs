//! An entry of the index for a platform that does not exist.

use crate::evidence::image::OddityKind;
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::PlatformInvalid,
    group: Group::Index,
    severity: Severity::Error,
    summary: "An index entry names a platform that does not exist.",
    page: include_str!("../../../pages/PlatformInvalid.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let invalid = context.image.oddities.iter().filter_map(|oddity| {
        let OddityKind::Platform { stated, reason } = &oddity.kind else { return None };
        let message = format!("the index entry {} is for {stated}: {reason}", oddity.digest);
        Some(RULE.of_index(message).with_values(&"a platform that exists", stated))
    });
    invalid.collect()
}
