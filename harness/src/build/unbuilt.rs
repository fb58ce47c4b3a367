//! A build that failed by what the Dockerfile says, as evidence.

use super::error::{BuildError, BuildErrorKind, Emulation, FailedStep, SourceExcerpt};
use crate::evidence::build::{
    BuildFailure, BuildTrace, FailedPart, Lines, StepEnd, StepFault, Unbuilt,
};
use crate::platform::Platform;

/// What a step says that fails for want of something, or by an emulator, and not of its own: in the
/// words of QEMU, of the C library, and of apt, curl and Go for a name server that does not answer.
/// A program that a signal ends under QEMU might not be ended so natively.
const BLAMELESS: [&str; 7] = [
    "qemu: uncaught target signal",
    "No space left on device",
    "no space left on device",
    "Temporary failure in name resolution",
    "Temporary failure resolving",
    "Could not resolve host",
    "network is unreachable",
];

/// Takes a failure for evidence; `None` where it is not the Dockerfile's, or nobody can tell.
/// What is the emulator's own fault is told by a line of the step's log.
#[must_use]
pub fn unbuilt(
    error: &BuildError,
    requested: &[Platform],
    is_emulators: &dyn Fn(&str) -> bool,
) -> Option<Unbuilt> {
    let failure = failure_of(error.kind(), is_emulators)?;
    let trace = error.trace();
    let lines = failure.lines.or_else(|| failed_lines(&trace));
    let failure = BuildFailure { lines, ..failure };
    Some(Unbuilt { requested: requested.to_vec(), trace, failure })
}

fn failure_of(kind: &BuildErrorKind, is_emulators: &dyn Fn(&str) -> bool) -> Option<BuildFailure> {
    let (part, excerpt, log) = match kind {
        BuildErrorKind::Step(step) if is_blameless(step, is_emulators) => return None,
        BuildErrorKind::Step(step) => {
            let fault = match step.exit_code() {
                Some(code) => StepFault::Exited(code),
                None => StepFault::Other(step.message().to_owned()),
            };
            let instruction = step.label().instruction.clone();
            let platforms = step.platforms().to_vec();
            let part = FailedPart::Step { instruction, platforms, fault };
            (part, step.excerpt(), step.log())
        }
        BuildErrorKind::Dockerfile { message, excerpt } => {
            (FailedPart::Dockerfile { message: message.clone() }, excerpt, &[][..])
        }
        BuildErrorKind::BasePlatformMissing { base, platforms, excerpt } => {
            let (base, platforms) = (base.clone(), platforms.clone());
            (FailedPart::BasePlatformMissing { base, platforms }, excerpt, &[][..])
        }
        // What a registry hides may be there.
        BuildErrorKind::BaseUnknown { base, message, excerpt }
            if without_hint(message).ends_with("not found") =>
        {
            let (base, message) = (base.clone(), message.clone());
            (FailedPart::BaseUnknown { base, message }, excerpt, &[][..])
        }
        _ => return None,
    };
    let (source, log) = (excerpt.lines().to_vec(), log.to_vec());
    Some(BuildFailure { part, lines: lines(excerpt), source, log })
}

/// `not found (did you mean build-amd64?)`: what BuildKit adds where a stage has a similar name.
fn without_hint(message: &str) -> &str {
    message
        .rsplit_once(" (did you mean ")
        .filter(|it| it.1.ends_with("?)"))
        .map_or(message, |it| it.0)
}

fn is_blameless(step: &FailedStep, is_emulators: &dyn Fn(&str) -> bool) -> bool {
    let is_so = |line: &String| BLAMELESS.iter().any(|it| line.contains(it)) || is_emulators(line);
    step.emulation() == Emulation::Missing || step.log().iter().any(is_so)
}

fn lines(excerpt: &SourceExcerpt) -> Option<Lines> {
    let first = excerpt.first_line()?;
    let more = u32::try_from(excerpt.lines().len().saturating_sub(1)).unwrap_or(0);
    Some(Lines { first, last: first.saturating_add(more) })
}

fn failed_lines(trace: &BuildTrace) -> Option<Lines> {
    let failed = |end: &StepEnd| matches!(end, StepEnd::Failed { .. });
    trace.steps.iter().find(|it| failed(&it.end))?.lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_of_a_similar_name_makes_no_other_failure() {
        for (message, expected) in [
            ("x:1: not found (did you mean y?)", "x:1: not found"),
            ("x:1: not found", "x:1: not found"),
            ("denied (did you mean y?) by policy", "denied (did you mean y?) by policy"),
        ] {
            assert_eq!(without_hint(message), expected);
        }
    }
}
