//! A command that names a file which cannot be executed.

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
    rule: Rule::EntrypointNotExecutable,
    group: Group::Entrypoint,
    severity: Severity::Error,
    summary: "The file that the image's command names cannot be executed.",
    page: include_str!("../../../pages/EntrypointNotExecutable.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let refused = reported_launch_errors(context).filter_map(|error| match error {
        LaunchError::NotRegular(path)
        | LaunchError::NotExecutable { path, .. }
        | LaunchError::NotAProgram { path, .. } => {
            Some(RULE.of_path_in(context.variant, path, error.to_string()))
        }
        _ => None,
    });
    refused.collect()
}
