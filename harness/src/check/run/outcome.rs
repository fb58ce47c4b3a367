//! How a run ended, and what it printed.

use super::super::entrypoint::launches_of;
use super::super::parity::Parity;
use super::super::{Finding, Rule, Severity};
use super::finding;
use crate::inspect::{Command, ImagePath, Variant};
use crate::run::{Output, RunEnd, RunEvidence};

/// What a run has to look like.
#[derive(Clone, Debug, Default)]
pub struct RunExpectation {
    /// The exit status.
    pub exit: i64,
    /// Texts that must each occur in the standard output.
    pub stdout: Vec<String>,
    /// Whether the standard output has to be the same on every platform.
    pub parity: Parity,
}

pub(super) fn check(
    variant: &Variant,
    run: &RunEvidence,
    expectation: &RunExpectation,
    known: &[Finding],
) -> Vec<Finding> {
    let finding = |rule, message| finding(rule, variant, run, message);
    match &run.end {
        end if end.has_status(expectation.exit) => {
            missing_output(run, expectation).map(|it| finding(Rule::RunOutputMissing, it)).collect()
        }
        RunEnd::Exited { .. } | RunEnd::Signalled { .. } if is_explained(variant, run, known) => {
            Vec::new()
        }
        end @ (RunEnd::Exited { .. } | RunEnd::Signalled { .. }) => {
            let expected = format!("exit status {}", expectation.exit);
            let message = format!("{end}, expected {expected}{}", last_words(run));
            vec![finding(Rule::RunFailed, message).with_values(&expected, end)]
        }
        end @ RunEnd::TimedOut { .. } => {
            vec![finding(Rule::RunTimedOut, format!("{end}{}", last_words(run)))]
        }
        // These say nothing about the image.
        RunEnd::EmulatorMissing { .. }
        | RunEnd::EmulatorFault { .. }
        | RunEnd::SandboxFault { .. }
        | RunEnd::EngineFault { .. } => Vec::new(),
    }
}

/// A program that cannot run for what its bytes are fails for no further reason.
fn is_explained(variant: &Variant, run: &RunEvidence, known: &[Finding]) -> bool {
    // Whatever was refused was wanted.
    if !run.foreign.is_empty() {
        return true;
    }
    let command = Command { words: run.command.clone() };
    let launches = launches_of(variant, &command).into_iter().flatten();
    let programs: Vec<ImagePath> = launches
        .map(|it| it.file(&variant.files))
        // A file of several names is reported under the first.
        .chain([variant.files.first_name(&run.program)])
        .collect();
    let is_started =
        |it: &Finding| programs.iter().any(|path| it.path.as_deref() == Some(path.as_str()));
    let mut errors = known.iter().filter(|it| it.severity == Severity::Error);
    errors.any(|it| match it.rule {
        Rule::ElfMachineMismatch
        | Rule::ElfMalformed
        | Rule::InterpreterMissing
        | Rule::InterpreterMismatch => is_started(it),
        // Only what the entrypoint itself loads is an error here.
        Rule::LibraryMissing
        | Rule::SymbolVersionMissing
        | Rule::LoaderLibcMismatch
        // What an init could not start either.
        | Rule::EntrypointMissing
        | Rule::EntrypointNotExecutable
        | Rule::EntrypointShebang
        | Rule::EntrypointShellMissing
        | Rule::ExecutableForeignFormat => true,
        _ => false,
    })
}

fn missing_output<'a>(
    run: &'a RunEvidence,
    expectation: &'a RunExpectation,
) -> impl Iterator<Item = String> + 'a {
    let missing = expectation.stdout.iter().filter(|it| !run.stdout.text.contains(it.as_str()));
    missing.map(|text| {
        let output = &run.stdout.text;
        let seen =
            if output.is_empty() { "nothing".to_owned() } else { format!("{:?}", end_of(output)) };
        format!("`{text}` is not in the standard output, which has {seen}")
    })
}

/// The end of what it printed, where the reason usually stands.
pub(super) fn last_words(run: &RunEvidence) -> String {
    let streams: [&Output; 2] = [&run.stderr, &run.stdout];
    let text = streams.iter().map(|it| it.text.trim_end()).find(|it| !it.is_empty());
    text.map_or_else(
        || "; it printed nothing".to_owned(),
        |text| format!("; it printed {:?}", end_of(text)),
    )
}

fn end_of(text: &str) -> &str {
    const LETTERS: usize = 300;
    let start = text.char_indices().rev().nth(LETTERS - 1).map_or(0, |(at, _)| at);
    text[start..].trim()
}
