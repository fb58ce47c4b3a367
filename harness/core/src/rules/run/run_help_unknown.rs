//! Runs that show only that `--help` is unknown, alike on all platforms: what such a run can show has
//! been shown.
//!
//! A platform that answers otherwise than most keeps its error; where one knows the option, or most
//! fail in another way, all do.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::ElfFacts;
use crate::evidence::image::Variant;
use crate::evidence::run::{RunEnd, RunEvidence};
use crate::platform::Platform;
use crate::rules::analysis::parity::neutral;
use crate::rules::analysis::run::{counted, serves, unknown_help};
use crate::rules::context::{Context, VariantContext};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::entrypoint::reported_launch_errors;
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::RunHelpUnknown,
    group: Group::Run,
    severity: Severity::Warning,
    summary: "The entrypoint runs but does not support `--help`.",
    page: include_str!("../../../pages/RunHelpUnknown.md"),
    needs: Needs::Run,
    check: Check::Image(check),
};

/// What a program does that does not know `--help`, as any platform would show it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    /// It ends with a status and says this.
    Ended { code: i64, words: Vec<String> },
    /// It serves, and says that it is ready.
    Serves { ready: String },
}

fn check(context: &Context<'_>) -> Vec<Finding> {
    let expectations = context.expectations;
    if !expectations.is_default_run() {
        return Vec::new();
    }
    let mut answers = Vec::new();
    for variant in &context.variants {
        let Some(run) = variant.runs.first() else { continue };
        if run.end.has_status(expectations.run.exit_status()) {
            return Vec::new();
        }
        if fails_by_itself(variant) {
            answers.push((variant.variant, run, Answer::new(variant.variant.platform, run)));
        }
    }
    let Some(usual) = usual(answers.iter().map(|it| it.2.as_ref())) else { return Vec::new() };
    let (alike, different): (Vec<_>, Vec<_>) =
        answers.iter().partition(|it| it.2.as_ref() == Some(usual));
    let different: BTreeSet<Platform> = different.iter().map(|it| it.0.platform).collect();
    let excused = alike.iter().filter(|it| !different.contains(&it.0.platform));
    excused.map(|(variant, run, _)| finding(variant, run)).collect()
}

/// Whether a run fails for no reason that the image's files show. What is blocked, or cannot be
/// started or loaded, answers nothing.
fn fails_by_itself(context: &VariantContext<'_>) -> bool {
    let runs = counted(context.variant, context.runs, context.expectations);
    let ends = |it: &&RunEvidence| match it.end {
        RunEnd::Exited { .. } | RunEnd::Signalled { .. } => it.foreign.is_empty(),
        RunEnd::TimedOut { .. } => true,
        _ => false,
    };
    let is_startable =
        |it: &RunEvidence| matches!(it.end, RunEnd::TimedOut { .. }) || !cannot_start(context);
    runs.iter().filter(|it| ends(it)).any(|it| is_startable(it))
}

/// Whether what the image's command starts cannot be started or loaded.
fn cannot_start(context: &VariantContext<'_>) -> bool {
    let own = context.variant.platform.elf_target();
    let is_defect = |facts: &ElfFacts| facts.target() != own || facts.malformation.is_some();
    reported_launch_errors(context).next().is_some()
        || context.launches().iter().flatten().any(|it| is_defect(it.program.1))
        || context.linking().keeps_entrypoint_from_loading()
}

/// The answer of most, counted among all, not among those alone that show no more.
fn usual<'a>(answers: impl Iterator<Item = Option<&'a Answer>> + Clone) -> Option<&'a Answer> {
    let mut counts: BTreeMap<&Answer, usize> = BTreeMap::new();
    for answer in answers.clone().flatten() {
        *counts.entry(answer).or_default() += 1;
    }
    let all = answers.count();
    counts.into_iter().find(|(_, count)| count * 2 > all).map(|it| it.0)
}

impl Answer {
    fn new(platform: Platform, run: &RunEvidence) -> Option<Self> {
        if let Some(ready) = serves(run) {
            return Some(Self::Serves { ready: without_numbers(ready, platform) });
        }
        let (RunEnd::Exited { code }, Some(_)) = (&run.end, unknown_help(run)) else { return None };
        let lines = run.stderr.text.lines().chain(run.stdout.text.lines());
        let words = lines.map(|it| without_numbers(it, platform)).collect();
        Some(Self::Ended { code: *code, words })
    }
}

/// A line without what differs from one run to the next: numbers, times, addresses, names made of
/// hexadecimal digits.
fn without_numbers(line: &str, platform: Platform) -> String {
    let line = neutral::line(line, platform);
    let is_of_word = |it: char| it.is_ascii_alphanumeric();
    let mut text = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while !rest.is_empty() {
        let at = rest.find(|it| !is_of_word(it)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(at);
        let is_number = word.chars().any(|it| it.is_ascii_digit());
        text.push_str(if is_number { "#" } else { word });
        let mark = after.chars().next();
        text.extend(mark);
        rest = &after[mark.map_or(0, char::len_utf8)..];
    }
    text
}

fn finding(variant: &Variant, run: &RunEvidence) -> Finding {
    const SHOWN: usize = 120;
    let quoted = |words: &str| format!("{:?}", words.chars().take(SHOWN).collect::<String>());
    let message = match unknown_help(run) {
        Some(words) => format!(
            "the program runs but does not support `--help` ({}: {}); set `[run] args` in \
             archproof.toml to arguments that it supports",
            run.end,
            quoted(words)
        ),
        None => format!(
            "the program ignores `--help` and starts serving ({}: {}); set `[run] args` in \
             archproof.toml to arguments that make it exit",
            run.end,
            quoted(serves(run).unwrap_or_default())
        ),
    };
    RULE.of_path(variant.platform, run.entrypoint.as_str(), message)
}
