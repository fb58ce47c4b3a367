//! Rules: pure functions from evidence to findings. No I/O, no clock.
//!
//! A rule is one file, `GROUP/RULE.rs`: its data, its check and its cases. `registry.rs` lists them,
//! `context.rs` gives them what they look at, `analysis/` what several want to know, and
//! `precedence.rs` decides between findings of one cause.

mod analysis;
mod build;
mod context;
mod definition;
mod dockerfile;
mod elf;
mod entrypoint;
mod finding;
mod index;
mod linking;
mod location;
mod parity;
mod precedence;
mod registry;
mod rule;
mod run;
mod severity;
#[cfg(test)]
mod tests;

pub(crate) use analysis::dispatch::is_dispatched;
pub(crate) use analysis::parity::own_files::own_files;
pub use definition::{Group, Needs};
pub use finding::Finding;
pub use location::{Location, Origin, Position};
pub(crate) use precedence::keeps_from_running;
pub use rule::{Rule, UnknownRule};
pub use severity::Severity;

use crate::dockerfile::{DockerfileError, Recipe};
use crate::evidence::Evidence;
use crate::evidence::build::{BuildTrace, Provenance, Unbuilt};
use crate::expectation::Expectations;

use analysis::dockerfile::Analysis;
use context::Context;
use definition::{Check, Definition};
use registry::DEFINITIONS;

/// All findings about an image, sorted.
#[must_use]
pub fn check(evidence: &Evidence, expectations: &Expectations) -> Vec<Finding> {
    check_in_order(evidence, expectations, DEFINITIONS.iter().copied())
}

/// The order of the rules decides nothing.
fn check_in_order<'d>(
    evidence: &Evidence,
    expectations: &Expectations,
    definitions: impl Iterator<Item = &'d Definition>,
) -> Vec<Finding> {
    let context = Context::new(evidence, expectations);
    let trace = match &evidence.provenance {
        Provenance::Found => None,
        Provenance::Built(trace) => Some(trace),
    };
    let dockerfile = trace.and_then(analyse);
    let mut findings = Vec::new();
    for definition in definitions {
        match definition.check {
            Check::Image(check) => findings.extend(check(&context)),
            Check::Variant(check) => findings.extend(context.variants.iter().flat_map(check)),
            Check::Build(check) => {
                findings.extend(trace.iter().flat_map(|it| check(it, &expectations.trace)));
            }
            Check::Dockerfile(check) => findings.extend(dockerfile.iter().flat_map(check)),
            Check::Unbuilt(_) => {}
        }
    }
    sorted(precedence::apply(&context.variants, &sorted(findings)))
}

/// The findings where a build failed and there is no image, sorted.
#[must_use]
pub fn check_unbuilt(unbuilt: &Unbuilt) -> Vec<Finding> {
    let dockerfile = analyse(&unbuilt.trace);
    let mut findings = Vec::new();
    for definition in DEFINITIONS {
        match definition.check {
            Check::Dockerfile(check) => findings.extend(dockerfile.iter().flat_map(check)),
            Check::Unbuilt(check) => findings.extend(check(unbuilt)),
            Check::Image(_) | Check::Variant(_) | Check::Build(_) => {}
        }
    }
    sorted(precedence::apply(&[], &sorted(findings)))
}

/// All findings about a Dockerfile, in its order.
///
/// # Errors
///
/// When it cannot be parsed.
pub fn check_dockerfile(recipe: &Recipe) -> Result<Vec<Finding>, DockerfileError> {
    let analysis = Analysis::new(recipe)?;
    let mut findings = Vec::new();
    for definition in DEFINITIONS {
        if let Check::Dockerfile(check) = definition.check {
            findings.extend(check(&analysis));
        }
    }
    findings.sort_by(|a, b| (a.location.position(), a).cmp(&(b.location.position(), b)));
    findings.dedup();
    Ok(findings)
}

/// The Dockerfile of a build; nothing where it is none, which the builder has said.
fn analyse(trace: &BuildTrace) -> Option<Analysis<'_>> {
    Analysis::new(&trace.recipe).ok()
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.dedup();
    findings
}
