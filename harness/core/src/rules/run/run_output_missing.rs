//! An entrypoint that does not print what the case demands.

use crate::evidence::run::{Extent, NotRun, Output, RunEnd, RunEvidence};
use crate::rules::analysis::run::{counted, end_of};
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::RunOutputMissing,
    group: Group::Run,
    severity: Severity::Error,
    summary: "The entrypoint did not print the required output.",
    page: include_str!("../../../pages/RunOutputMissing.md"),
    needs: Needs::Run,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let runs = counted(context.variant, context.runs, context.expectations).into_iter();
    let mut findings: Vec<Finding> = runs.flat_map(|it| of_run(context, it)).collect();
    findings.extend(context.not_run.into_iter().flat_map(|why| not_run(context, why)));
    findings
}

fn of_run(context: &VariantContext<'_>, run: &RunEvidence) -> Vec<Finding> {
    match run.end {
        RunEnd::Exited { .. } | RunEnd::Signalled { .. } | RunEnd::TimedOut { .. } => {
            not_printed(context, run)
        }
        // These say nothing about the image: it is blocked.
        RunEnd::EmulatorMissing { .. }
        | RunEnd::EmulatorFault { .. }
        | RunEnd::SandboxFault { .. }
        | RunEnd::EngineFault { .. } => Vec::new(),
    }
}

/// The demanded texts that a run did not print.
fn not_printed(context: &VariantContext<'_>, run: &RunEvidence) -> Vec<Finding> {
    let Output { text: output, extent } = &run.stdout;
    let seen = if output.is_empty() {
        "is empty".to_owned()
    } else {
        format!("ends in {:?}", end_of(output))
    };
    let place = match extent {
        Extent::Whole => "the standard output".to_owned(),
        Extent::Beginning => {
            format!("the first {} KiB of the standard output", Output::LIMIT >> 10)
        }
    };
    let missing = context.expectations.run.stdout.iter().filter(|it| !output.contains(it.as_str()));
    let message = |text: &String| match extent {
        Extent::Whole => format!("`{text}` is not in {place}, which {seen}"),
        Extent::Beginning => format!("`{text}` is not in {place}, and the rest is not kept"),
    };
    let (platform, path) = (context.variant.platform, run.entrypoint.as_str());
    missing.map(|it| RULE.of_path(platform, path, message(it))).collect()
}

/// The demanded texts of a variant that was not run. Whoever wants no run demands nothing of it, and
/// a variant that was out of time is blocked.
fn not_run(context: &VariantContext<'_>, why: &NotRun) -> Vec<Finding> {
    match why {
        NotRun::Unwanted | NotRun::OutOfTime { .. } => return Vec::new(),
        NotRun::NoCommand | NotRun::Unstartable { .. } => {}
    }
    let missing = context.expectations.run.stdout.iter().map(|text| {
        let message = format!("`{text}` was not printed, because the image was not run: {why}");
        RULE.of_platform(context.variant.platform, message)
    });
    missing.collect()
}
