//! Runs that show no more than that `--help` is unknown, alike on all platforms: what such a run can
//! show has been shown.

use std::collections::{BTreeMap, BTreeSet};

use super::super::parity::neutral_line;
use super::super::{Expectations, Finding, Rule};
use super::finding;
use super::words::{serves, unknown_help};
use crate::evidence::Evidence;
use crate::evidence::image::Variant;
use crate::evidence::run::{RunEnd, RunEvidence};
use crate::launch::Arguments;
use crate::platform::Platform;

/// What a program does that does not know `--help`, as any platform would show it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    /// It ends with a status and says this.
    Ended { code: i64, words: Vec<String> },
    /// It serves, and says that it is ready.
    Serves { ready: String },
}

/// Whether nobody says what a run has to show, so that it may show no more.
pub(super) fn is_default(expectations: &Expectations) -> bool {
    expectations.arguments == Arguments::Default && expectations.run.is_unstated()
}

/// Whether a run shows that `--help` is unknown, and nothing else.
pub(super) fn is_unknown(run: &RunEvidence) -> bool {
    unknown_help(run).or_else(|| serves(run)).is_some()
}

/// Makes warnings of such failures. A platform that answers otherwise than most keeps its error; where
/// one knows the option, or most fail in another way, all do.
pub(in super::super) fn excuse(
    evidence: &Evidence,
    expectations: &Expectations,
    findings: &mut Vec<Finding>,
) {
    if !is_default(expectations) {
        return;
    }
    let expected = expectations.run.exit_status();
    let is_failure = |it: &Finding| matches!(it.rule, Rule::RunFailed | Rule::RunTimedOut);
    let failing = findings.iter().filter(|it| is_failure(it)).map(|it| it.platform);
    let failing: BTreeSet<Option<Platform>> = failing.collect();
    let mut answers = Vec::new();
    for variant in &evidence.image.variants {
        let Some(run) = evidence.runs_of(variant).first() else { continue };
        if run.end.has_status(expected) {
            return;
        }
        // What is blocked, or fails for a reason that is known, answers nothing.
        if failing.contains(&Some(variant.platform)) {
            answers.push((variant, run, Answer::of(variant.platform, run)));
        }
    }
    let Some(usual) = usual(answers.iter().map(|it| it.2.as_ref())) else { return };
    let (alike, different): (Vec<_>, Vec<_>) =
        answers.iter().partition(|it| it.2.as_ref() == Some(usual));
    let different: BTreeSet<Platform> = different.iter().map(|it| it.0.platform).collect();
    let excused = alike.iter().filter(|it| !different.contains(&it.0.platform));
    let warnings: Vec<Finding> = excused.map(|(variant, run, _)| warning(variant, run)).collect();
    let excused: BTreeSet<Option<Platform>> = warnings.iter().map(|it| it.platform).collect();
    findings.retain(|it| !is_failure(it) || !excused.contains(&it.platform));
    findings.extend(warnings);
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
    fn of(platform: Platform, run: &RunEvidence) -> Option<Self> {
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
    let line = neutral_line(line, platform);
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

fn warning(variant: &Variant, run: &RunEvidence) -> Finding {
    const SHOWN: usize = 120;
    let quoted = |words: &str| format!("{:?}", words.chars().take(SHOWN).collect::<String>());
    let message = match unknown_help(run) {
        Some(words) => format!(
            "the program runs and does not know `--help`: {}, and it says {}; give it words that it \
             knows by `[run] args` in archproof.toml",
            run.end,
            quoted(words)
        ),
        None => format!(
            "the program ignores `--help` and serves: {}, and it says {}; give it words that make it \
             end by `[run] args` in archproof.toml",
            run.end,
            quoted(serves(run).unwrap_or_default())
        ),
    };
    finding(Rule::RunHelpUnknown, variant, run, message)
}
