//! What the build did: its steps, where they were executed, and how often.

mod command;
mod emulated;
mod failed;
mod shared;

use crate::evidence::build::{BuildTrace, Lines, Provenance};

use super::{Finding, Place, check_dockerfile};

pub(super) use failed::check as check_failure;

/// What a build has to look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceExpectation {
    /// Parts of instructions whose steps are executed once, whatever the number of platforms.
    pub shared: Vec<String>,
    /// How many steps an emulator may execute.
    pub emulated: EmulatedSteps,
}

/// How many steps an emulator may execute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmulatedSteps {
    /// Nobody said.
    #[default]
    Unsaid,
    /// So many; all platforms' steps count.
    AtMost(usize),
}

/// The findings about a build; none about an image that was found.
pub(super) fn check(provenance: &Provenance, expectation: &TraceExpectation) -> Vec<Finding> {
    let trace = match provenance {
        Provenance::Found => return Vec::new(),
        Provenance::Built(trace) => trace,
    };
    let mut findings = emulated::check(trace, expectation.emulated);
    findings.extend(shared::check(trace, &expectation.shared));
    findings.extend(of_dockerfile(trace));
    findings
}

/// What the Dockerfile gets wrong. Where it is none, the builder has said so.
pub(super) fn of_dockerfile(trace: &BuildTrace) -> Vec<Finding> {
    check_dockerfile(&trace.recipe).unwrap_or_default()
}

/// With the line, where one is known.
fn at(finding: Finding, trace: &BuildTrace, lines: Option<Lines>) -> Finding {
    match lines {
        Some(Lines { first, .. }) => {
            let dockerfile = trace.recipe.name.clone();
            finding.with_place(Place { dockerfile, line: first, column: 1 })
        }
        None => finding,
    }
}

/// As much of an instruction as a message needs.
fn brief(instruction: &str) -> String {
    const SHOWN: usize = 80;
    match instruction.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", instruction[..end].trim_end()),
        None => instruction.to_owned(),
    }
}
