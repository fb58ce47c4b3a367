//! A script whose first line does not lead to an interpreter.

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
    rule: Rule::EntrypointShebang,
    group: Group::Entrypoint,
    severity: Severity::Error,
    summary: "The first line of the entrypoint script does not lead to an interpreter.",
    page: include_str!("../../../pages/EntrypointShebang.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let lost = reported_launch_errors(context).filter_map(|error| match error {
        LaunchError::Shebang { path, .. } => {
            Some(RULE.of_path_in(context.variant, path, error.to_string()))
        }
        _ => None,
    });
    lost.collect()
}
