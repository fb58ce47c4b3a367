//! An entrypoint that does not end in time.

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
    rule: Rule::RunTimedOut,
    group: Group::Run,
    severity: Severity::Error,
    summary: "The entrypoint did not exit within the time limit.",
    page: include_str!("../../../pages/RunTimedOut.md"),
    needs: Needs::Run,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let runs = counted(context.variant, context.runs, context.expectations);
    let late = runs.into_iter().filter(|it| matches!(it.end, RunEnd::TimedOut { .. }));
    let finding = |run: &RunEvidence| {
        let RunEvidence { end, entrypoint, .. } = run;
        let message = format!("the entrypoint did not exit: {end}{}", last_words(run));
        RULE.of_path(context.variant.platform, entrypoint.as_str(), message)
    };
    late.map(finding).collect()
}
