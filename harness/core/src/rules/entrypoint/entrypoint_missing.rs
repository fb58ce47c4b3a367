//! A command that names a file which does not exist.

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
    rule: Rule::EntrypointMissing,
    group: Group::Entrypoint,
    severity: Severity::Error,
    summary: "The file that the image's command names does not exist.",
    page: include_str!("../../../pages/EntrypointMissing.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let platform = context.variant.platform;
    let missing = reported_launch_errors(context).filter_map(|error| match error {
        // Images to build on, or to copy from, have none.
        LaunchError::NoCommand => {
            Some(RULE.of_platform(platform, error.to_string()).with_severity(Severity::Note))
        }
        LaunchError::Missing { word, .. } | LaunchError::NotInPath { word, .. } => {
            Some(RULE.of_path(platform, word, error.to_string()))
        }
        _ => None,
    });
    missing.collect()
}
