//! How the entrypoint ran, against what the case expects.

mod foreign;
mod help;
mod isa;
mod not_run;
mod outcome;
mod words;

pub(super) use help::excuse;
pub(crate) use not_run::keeps_from_running;
pub use outcome::RunExpectation;
pub(super) use outcome::cause;

use super::{Expectations, Finding, Rule};
use crate::evidence::Evidence;
use crate::evidence::image::Variant;
use crate::evidence::run::RunEvidence;

/// `known` are the variant's other findings: what they explain is reported once.
pub(super) fn check(
    evidence: &Evidence,
    variant: &Variant,
    expectations: &Expectations,
    known: &mut Vec<Finding>,
) {
    let runs = evidence.runs_of(variant);
    let expectation = &expectations.run;
    if let Some(why) = evidence.not_run(variant) {
        known.extend(not_run::check(variant, why, expectation, known));
    }
    let mut foreign = Vec::new();
    for run in runs {
        foreign.extend(foreign::check(variant, run, known));
    }
    foreign.dedup();
    known.extend(foreign);
    if let Some((finding, on_newest)) = isa::check(variant, runs, expectations) {
        let cause = isa::join(finding, known);
        // What it does where it has every instruction counts for whoever accepts that it needs them.
        if help::is_default(expectations) && help::is_unknown(on_newest) {
            return;
        }
        let of_newest = outcome::check(variant, on_newest, expectation, known);
        known.extend(of_newest.into_iter().map(|it| it.with_cause(cause)));
        return;
    }
    // A run on every processor there is only says what another one means.
    let of_promise = runs.iter().filter(|it| !isa::is_second_opinion(variant, it, runs));
    let findings: Vec<Finding> =
        of_promise.flat_map(|run| outcome::check(variant, run, expectation, known)).collect();
    known.extend(findings);
}

/// A finding about what was started.
fn finding(rule: Rule, variant: &Variant, run: &RunEvidence, message: String) -> Finding {
    Finding::of_platform(rule, variant.platform, message).with_path(run.entrypoint.as_str())
}
