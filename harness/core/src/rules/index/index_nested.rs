//! An entry of the index that is an index itself.

use crate::evidence::image::OddityKind;
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::IndexNested,
    group: Group::Index,
    severity: Severity::Error,
    summary: "An index entry is itself an index.",
    page: include_str!("../../../pages/IndexNested.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let oddities = context.image.oddities.iter();
    let nested = oddities.filter(|it| matches!(it.kind, OddityKind::Nested));
    let message = |digest| {
        format!("the index entry {digest} is itself an index; engines do not follow nested indexes")
    };
    nested.map(|it| RULE.of_index(message(it.digest))).collect()
}
