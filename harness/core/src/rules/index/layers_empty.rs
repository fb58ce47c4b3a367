//! A variant without any file.

use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::LayersEmpty,
    group: Group::Index,
    severity: Severity::Error,
    summary: "A variant contains no files.",
    page: include_str!("../../../pages/LayersEmpty.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let variant = context.variant;
    if !variant.files.is_empty() {
        return Vec::new();
    }
    let message = match variant.layers.len() {
        0 => "the image has no layers".to_owned(),
        1 => "the image's only layer contains no files".to_owned(),
        count => format!("none of the image's {count} layers contains a file"),
    };
    vec![RULE.of_platform(variant.platform, message)]
}
