//! How a run ended, and what it printed.

use super::super::entrypoint::launches_of;
use super::super::parity::Parity;
use super::super::{Finding, Rule, Severity};
use super::{finding, foreign};
use crate::evidence::image::{ImagePath, Variant};
use crate::evidence::run::{Extent, Output, RunEnd, RunEvidence};
use crate::launch::Command;

/// What a run has to look like.
#[derive(Clone, Debug, Default)]
pub struct RunExpectation {
    /// The exit status; `None` where nobody says which, and 0 is right.
    pub exit: Option<i64>,
    /// Texts that must each occur in the standard output.
    pub stdout: Vec<String>,
    /// Whether the standard output has to be the same on every platform.
    pub parity: Parity,
}

impl RunExpectation {
    /// The exit status that is right.
    #[must_use]
    pub fn exit_status(&self) -> i64 {
        self.exit.unwrap_or(0)
    }

    /// Whether nobody says what a run has to look like.
    #[must_use]
    pub fn is_unstated(&self) -> bool {
        let is_parity_unstated = matches!(self.parity, Parity::Unstated);
        self.exit.is_none() && self.stdout.is_empty() && is_parity_unstated
    }
}

pub(super) fn check(
    variant: &Variant,
    run: &RunEvidence,
    expectation: &RunExpectation,
    known: &[Finding],
) -> Vec<Finding> {
    let missing = missing_output(variant, run, expectation);
    if run.end.has_status(expectation.exit_status()) {
        return missing;
    }
    // Whoever fails cannot print everything: that is said again only where the failure is accepted.
    let missing_because = |cause| missing.into_iter().map(move |it: Finding| it.with_cause(cause));
    match &run.end {
        end @ (RunEnd::Exited { .. } | RunEnd::Signalled { .. }) => {
            if let Some(cause) = explanation(variant, run, known) {
                return missing_because(cause).collect();
            }
            let expected = format!("exit status {}", expectation.exit_status());
            let message = format!("{end}, expected {expected}{}", last_words(run));
            let failed = finding(Rule::RunFailed, variant, run, message);
            let failed = failed.with_values(&expected, end);
            missing_because(Rule::RunFailed).chain([failed]).collect()
        }
        end @ RunEnd::TimedOut { .. } => {
            let message = format!("{end}{}", last_words(run));
            let late = finding(Rule::RunTimedOut, variant, run, message);
            missing_because(Rule::RunTimedOut).chain([late]).collect()
        }
        // These say nothing about the image: it is blocked.
        RunEnd::EmulatorMissing { .. }
        | RunEnd::EmulatorFault { .. }
        | RunEnd::SandboxFault { .. }
        | RunEnd::EngineFault { .. } => Vec::new(),
    }
}

/// The rule that says why a run did not end as it should. A program that cannot run for what its bytes
/// are fails for no further reason.
pub(in super::super) fn cause(
    variant: &Variant,
    runs: &[RunEvidence],
    run: &RunEvidence,
    known: &[Finding],
) -> Rule {
    let is_said =
        |rule| known.iter().any(|it| it.rule == rule && it.platform == Some(variant.platform));
    match run.end {
        RunEnd::TimedOut { .. } => Rule::RunTimedOut,
        // Nobody asks a second processor otherwise.
        _ if runs.len() > 1 && is_said(Rule::RunIsaFault) => Rule::RunIsaFault,
        _ if runs.len() > 1 && is_said(Rule::ElfIsaTooNew) => Rule::ElfIsaTooNew,
        _ => explanation(variant, run, known).unwrap_or(Rule::RunFailed),
    }
}

/// The rule whose finding explains the failure of a run, if another one does.
fn explanation(variant: &Variant, run: &RunEvidence, known: &[Finding]) -> Option<Rule> {
    // Whatever was refused was wanted.
    if !run.foreign.is_empty() {
        return Some(foreign::rule(variant, known));
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
    let of_platform = known.iter().filter(|it| it.platform == Some(variant.platform));
    let mut errors = of_platform.filter(|it| it.severity == Severity::Error);
    let explains = |it: &&Finding| match it.rule {
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
    };
    errors.find(explains).map(|it| it.rule)
}

/// The demanded texts that a run did not print.
fn missing_output(
    variant: &Variant,
    run: &RunEvidence,
    expectation: &RunExpectation,
) -> Vec<Finding> {
    let Output { text: output, extent } = &run.stdout;
    let seen =
        if output.is_empty() { "nothing".to_owned() } else { format!("{:?}", end_of(output)) };
    let place = match extent {
        Extent::Whole => "the standard output".to_owned(),
        Extent::Beginning => {
            format!("the first {} KiB of the standard output", Output::LIMIT >> 10)
        }
    };
    let missing = expectation.stdout.iter().filter(|it| !output.contains(it.as_str()));
    let message = |text: &String| match extent {
        Extent::Whole => format!("`{text}` is not in {place}, which has {seen}"),
        Extent::Beginning => format!("`{text}` is not in {place}, and the rest is not kept"),
    };
    missing.map(|it| finding(Rule::RunOutputMissing, variant, run, message(it))).collect()
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
