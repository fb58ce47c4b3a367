//! A program of another architecture that a run tried to execute.

use crate::evidence::image::ImagePath;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::RunForeignExecutable,
    group: Group::Run,
    severity: Severity::Error,
    summary: "The run tried to execute a program of another architecture.",
    page: include_str!("../../../pages/RunForeignExecutable.md"),
    needs: Needs::SandboxRun,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let variant = context.variant;
    let tried = context.runs.iter().flat_map(|it| &it.foreign);
    let finding = |path: &String| {
        let path = match variant.files.resolve(&ImagePath::root(), path) {
            Ok((path, _)) => variant.files.first_name(&path),
            // It was made by the run itself.
            Err(_) => ImagePath::clean(path),
        };
        let message = format!(
            "the run tried to execute this file, which is not a program of {}; a host that can run \
             it natively hides this",
            variant.platform
        );
        RULE.of_path_in(variant, &path, message)
    };
    tried.map(finding).collect()
}
