//! An entrypoint that ends in another way than it should.

use crate::evidence::run::{RunEnd, RunEvidence};
use crate::rules::analysis::run::{counted, last_words};
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::RunFailed,
    group: Group::Run,
    severity: Severity::Error,
    summary: "The entrypoint failed.",
    page: include_str!("../../../pages/RunFailed.md"),
    needs: Needs::Run,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let runs = counted(context.variant, context.runs, context.expectations);
    runs.into_iter().filter_map(|it| failed(context, it)).collect()
}

fn failed(context: &VariantContext<'_>, run: &RunEvidence) -> Option<Finding> {
    let status = context.expectations.run.exit_status();
    match &run.end {
        end if end.has_status(status) => None,
        end @ (RunEnd::Exited { .. } | RunEnd::Signalled { .. }) => {
            let expected = format!("exit status {status}");
            let message =
                format!("the entrypoint ended with {end} instead of {expected}{}", last_words(run));
            let path = run.entrypoint.as_str();
            let finding = RULE.of_path(context.variant.platform, path, message);
            Some(finding.with_values(&expected, end))
        }
        // The others say nothing about the image: it is blocked.
        _ => None,
    }
}
