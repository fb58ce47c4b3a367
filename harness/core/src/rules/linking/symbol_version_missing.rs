//! A shared library that is older than what a file needs of it.

use crate::rules::analysis::linking::is_part_of_glibc;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::linking::defects::{of_lack, report};
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::SymbolVersionMissing,
    group: Group::Linking,
    severity: Severity::Error,
    summary: "A file needs a newer shared library than the one in the image.",
    page: include_str!("../../../pages/SymbolVersionMissing.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    // Two parts of glibc that do not fit are another rule's.
    let is_of_two = |by, library| is_part_of_glibc(by) && is_part_of_glibc(library);
    let lacks = context.linking().lacks.iter().filter(|it| !is_of_two(it.by, it.library));
    report(&RULE, context.variant, lacks.map(of_lack).collect())
}
