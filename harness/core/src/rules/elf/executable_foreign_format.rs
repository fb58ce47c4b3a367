//! An executable file that is built for another operating system.

use crate::evidence::image::{Content, ForeignFormat, ImagePath, Node, NodeKind};
use crate::knowledge::names::is_foreign;
use crate::launch::LaunchError;
use crate::rules::analysis::scope::is_test_data;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::entrypoint::reported_launch_errors;
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ExecutableForeignFormat,
    group: Group::Elf,
    severity: Severity::Warning,
    summary: "An executable file is built for another operating system.",
    page: include_str!("../../../pages/ExecutableForeignFormat.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let mut findings = of_entrypoint(context);
    let started: Vec<String> =
        findings.iter().filter_map(|it| it.path().map(str::to_owned)).collect();
    for file @ (path, node) in context.variant.files.iter() {
        let NodeKind::File { content: Content::Foreign(format), .. } = &node.kind else { continue };
        // What is said of the entrypoint is not said again of its file.
        if is_defect(context, file, *format) && !started.iter().any(|it| it == path.as_str()) {
            let finding = RULE.of_file(
                context.variant,
                file,
                format!("the file is {format}, which Linux does not execute"),
            );
            findings.push(finding.with_values(&"ELF or a script", format));
        }
    }
    findings
}

/// What the image's command starts is an error.
fn of_entrypoint(context: &VariantContext<'_>) -> Vec<Finding> {
    let errors = reported_launch_errors(context);
    let foreign = errors.filter_map(|error| match error {
        LaunchError::Foreign { path, .. } => {
            Some(RULE.of_path_in(context.variant, path, error.to_string()))
        }
        _ => None,
    });
    foreign.map(|it| it.with_severity(Severity::Error)).collect()
}

fn is_defect(
    context: &VariantContext<'_>,
    (path, node): (&ImagePath, &Node),
    format: ForeignFormat,
) -> bool {
    node.is_executable()
        && !format.is_portable()
        && (is_misplaced(path) || context.reach().leads_to_foreign(path))
}

/// Packages bring what other systems need and say so in its name; here it is for one that does not.
fn is_misplaced(path: &ImagePath) -> bool {
    !is_test_data(path) && !is_foreign(path.as_str())
}
