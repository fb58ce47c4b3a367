//! Builds that fail by what the Dockerfile says.

use super::{at, brief};
use crate::check::{Finding, Rule};
use crate::evidence::build::{FailedPart, StepFault, Unbuilt};
use crate::platform::Platform;

/// How the kernel ends what takes more memory than there is: SIGKILL, as shells count it.
const KILLED: u32 = 128 + 9;

/// The finding of a build that failed; none where what is known of the Dockerfile is the reason.
pub(in crate::check) fn check(unbuilt: &Unbuilt, known: &[Finding]) -> Option<Finding> {
    let failure = &unbuilt.failure;
    let is_for_a_base = matches!(failure.part, FailedPart::BasePlatformMissing { .. });
    if is_for_a_base && known.iter().any(|it| it.rule == Rule::BasePlatformMissing) {
        return None;
    }
    let message = match &failure.part {
        FailedPart::Step { instruction, platforms, fault } => {
            let step = format!("`{}`{}", brief(instruction), purpose(platforms));
            let last = failure.log.iter().rev().find(|it| !it.trim().is_empty());
            let last = last.map(|it| format!("; its last words: {}", it.trim()));
            format!("{step} {}{}", describe(fault), last.unwrap_or_default())
        }
        FailedPart::Dockerfile { message } => message.clone(),
        FailedPart::BasePlatformMissing { base, platforms } => {
            format!("the base image {base} does not exist{}", purpose(platforms))
        }
        FailedPart::BaseUnknown { base, message } => {
            format!("there is no base image {base}: {message}")
        }
    };
    Some(at(Finding::of_index(Rule::BuildFailed, message), &unbuilt.trace, failure.lines))
}

fn describe(fault: &StepFault) -> String {
    match fault {
        StepFault::Exited(KILLED) => format!(
            "ended with exit status {KILLED}: it was killed, as the kernel does when memory runs \
             out; give the engine more, or build fewer platforms at once (--platform)"
        ),
        StepFault::Exited(code) => format!("ended with exit status {code}"),
        StepFault::Other(message) => format!("failed: {message}"),
    }
}

fn purpose(platforms: &[Platform]) -> String {
    let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    if platforms.is_empty() { String::new() } else { format!(" for {}", platforms.join(", ")) }
}
