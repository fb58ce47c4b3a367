//! Files of other machines that the entrypoint, or a child of it, was to execute.

use super::super::{Finding, Rule, Severity};
use crate::evidence::image::{ImagePath, Variant};
use crate::evidence::run::RunEvidence;

/// The rule that says of a run that something was refused to it.
pub(super) fn rule(variant: &Variant, known: &[Finding]) -> Rule {
    let is_said = |it: &Finding| {
        it.rule == Rule::RunForeignExecutable && it.platform == Some(variant.platform)
    };
    if known.iter().any(is_said) { Rule::RunForeignExecutable } else { Rule::ElfMachineMismatch }
}

pub(super) fn check(variant: &Variant, run: &RunEvidence, known: &[Finding]) -> Vec<Finding> {
    let found = run.foreign.iter().filter_map(|path| {
        let (path, node) = match variant.files.resolve(&ImagePath::root(), path) {
            Ok((path, node)) => (variant.files.first_name(&path), Some(node)),
            // It was made by the run itself.
            Err(_) => (ImagePath::clean(path), None),
        };
        let is_said = |it: &Finding| {
            it.rule == Rule::ElfMachineMismatch
                && it.severity == Severity::Error
                && it.path.as_deref() == Some(path.as_str())
        };
        if known.iter().any(is_said) {
            return None;
        }
        let message = format!(
            "the run tried to execute it, and it is not a program of {}; a host that can run it natively \
             hides this",
            variant.platform
        );
        Some(match node {
            Some(node) => {
                Finding::of_file(Rule::RunForeignExecutable, variant, (&path, node), message)
            }
            None => Finding::of_platform(Rule::RunForeignExecutable, variant.platform, message)
                .with_path(path.as_str()),
        })
    });
    found.collect()
}
