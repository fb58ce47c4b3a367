//! A command in shell form, in an image without a shell.

use crate::launch::LaunchError;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::entrypoint::reported_launch_errors;
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::EntrypointShellMissing,
    group: Group::Entrypoint,
    severity: Severity::Error,
    summary: "The image's command is in shell form, but the image has no shell.",
    page: include_str!("../../../pages/EntrypointShellMissing.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let missing = reported_launch_errors(context).filter_map(|error| match error {
        LaunchError::NoShell(word) => {
            Some(RULE.of_path(context.variant.platform, word, error.to_string()))
        }
        _ => None,
    });
    missing.collect()
}
