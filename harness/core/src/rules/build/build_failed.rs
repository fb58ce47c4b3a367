//! A build that fails by what the Dockerfile says.

use crate::evidence::build::{FailedPart, StepFault, Unbuilt};
use crate::platform::Platform;
use crate::rules::build::{brief, location};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::BuildFailed,
    group: Group::Build,
    severity: Severity::Error,
    summary: "The Dockerfile cannot be built.",
    page: include_str!("../../../pages/BuildFailed.md"),
    needs: Needs::Build,
    check: Check::Unbuilt(check),
};

/// How the kernel ends what takes more memory than there is: SIGKILL, as shells count it.
const KILLED: u32 = 128 + 9;

fn check(unbuilt: &Unbuilt) -> Vec<Finding> {
    let failure = &unbuilt.failure;
    let message = match &failure.part {
        FailedPart::Step { instruction, platforms, fault } => {
            let step = format!("`{}`{}", brief(instruction), purpose(platforms));
            let last = failure.log.iter().rev().find(|it| !it.trim().is_empty());
            let last = last.map(|it| format!("; its last line: {}", it.trim()));
            format!("{step} {}{}", describe(fault), last.unwrap_or_default())
        }
        FailedPart::Dockerfile { message } => message.clone(),
        FailedPart::BasePlatformMissing { base, platforms } => {
            format!("the base image {base} does not exist{}", purpose(platforms))
        }
        FailedPart::BaseUnknown { base, message } => {
            format!("the base image {base} does not exist: {message}")
        }
    };
    let location = location(&unbuilt.trace, failure.lines, &[]);
    vec![RULE.at(location, message)]
}

fn describe(fault: &StepFault) -> String {
    match fault {
        StepFault::Exited(KILLED) => format!(
            "failed with exit status {KILLED}: it was killed, as happens when memory runs out; give \
             the engine more memory, or build fewer platforms at once (--platform)"
        ),
        StepFault::Exited(code) => format!("failed with exit status {code}"),
        StepFault::Other(message) => format!("failed: {message}"),
    }
}

fn purpose(platforms: &[Platform]) -> String {
    let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    if platforms.is_empty() { String::new() } else { format!(" for {}", platforms.join(", ")) }
}
