//! Rules: pure functions from evidence to findings. No I/O, no clock.

mod abi;
mod build;
mod dockerfile;
mod elf;
mod entrypoint;
mod environment;
mod finding;
mod index;
mod isa;
mod linking;
mod names;
mod paging;
mod parity;
mod reach;
mod rule;
mod run;
mod scope;
mod severity;
#[cfg(test)]
mod tests;

pub use build::{EmulatedSteps, TraceExpectation};
pub use dockerfile::{check_dockerfile, named_platforms};
pub use finding::{Finding, Origin, Place};
pub use parity::Parity;
pub use rule::{Group, Rule, UnknownRule};
pub use run::RunExpectation;
pub(crate) use run::keeps_from_running;
pub use severity::Severity;

use crate::evidence::Evidence;
use crate::evidence::build::Unbuilt;
use crate::launch::Arguments;

/// What a run is compared with, beside the image's own evidence.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// The words that a run adds to the image's command.
    pub arguments: Arguments,
    /// How it has to end.
    pub run: RunExpectation,
    /// What the build has to look like.
    pub trace: TraceExpectation,
}

/// All findings, sorted.
#[must_use]
pub fn check(evidence: &Evidence, expectations: &Expectations) -> Vec<Finding> {
    let mut findings = index::check(&evidence.image);
    for variant in &evidence.image.variants {
        let mut of_variant = elf::check(variant, &expectations.arguments);
        of_variant.extend(linking::check(variant, &expectations.arguments));
        let of_entrypoint = entrypoint::check(variant, &expectations.arguments);
        // What is said of the entrypoint is not said again of its file.
        let is_said = |it: &Finding| {
            of_entrypoint.iter().any(|other| other.rule == it.rule && other.path == it.path)
        };
        of_variant.retain(|it| !is_said(it));
        of_variant.extend(of_entrypoint);
        of_variant.extend(environment::check(variant));
        run::check(evidence, variant, expectations, &mut of_variant);
        findings.extend(of_variant);
    }
    run::excuse(evidence, expectations, &mut findings);
    findings.extend(index::check_identical_layers(&evidence.image, &findings));
    findings.extend(parity::check(evidence, expectations, &findings));
    findings.extend(build::check(&evidence.provenance, &expectations.trace));
    findings.sort();
    findings.dedup();
    findings
}

/// The findings where a build failed and there is no image.
#[must_use]
pub fn check_unbuilt(unbuilt: &Unbuilt) -> Vec<Finding> {
    let mut findings = build::of_dockerfile(&unbuilt.trace);
    findings.extend(build::check_failure(unbuilt, &findings));
    findings.sort();
    findings
}
