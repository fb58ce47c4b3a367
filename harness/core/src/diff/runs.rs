//! How runs ended, and what they printed.

use similar::{ChangeTag, TextDiff};

use super::change::{Change, ChangeKind};
use super::pair::{Common, Pair, severity_of};
use super::stable::stable;
use crate::evidence::run::RunEvidence;
use crate::rules::Group;
use crate::verdict::Judged;

/// The lines of a difference that are kept.
const LINES: usize = 200;
/// The lines around a difference that are shown.
const CONTEXT: usize = 1;

pub(super) fn compare(
    pair: &Pair<'_>,
    common: &Common<'_>,
    new_findings: &[Judged],
) -> Vec<Change> {
    let (old, new) = (told(pair.old.runs_of(common.old)), told(pair.new.runs_of(common.new)));
    let counterparts = new.iter().enumerate().filter_map(|(number, &run)| {
        let mut same = old.iter().filter(|it| it.command == run.command && it.cpu == run.cpu);
        // The first run is always of the image's own command, whatever that is.
        let first = old.first().filter(|_| number == 0);
        Some((*same.next().or(first)?, run))
    });
    let mut changes = Vec::new();
    for (old, new) in counterparts {
        changes.extend(ended(common, old, new, new_findings));
        let streams = [
            ("standard output", &old.stdout.text, &new.stdout.text),
            ("standard error", &old.stderr.text, &new.stderr.text),
        ];
        changes.extend(streams.into_iter().filter_map(|(stream, old, printed)| {
            let lines = difference(old, printed)?;
            let message = format!("`{}` prints something else to its {stream}", words(new));
            let change = Change::new(ChangeKind::Run, common.platform, message);
            Some(change.with_details(lines))
        }));
    }
    changes
}

/// The runs that say something of the program.
fn told(runs: &[RunEvidence]) -> Vec<&RunEvidence> {
    runs.iter().filter(|it| it.end.is_of_program()).collect()
}

fn words(run: &RunEvidence) -> String {
    run.command.join(" ")
}

fn ended(
    common: &Common<'_>,
    old: &RunEvidence,
    new: &RunEvidence,
    new_findings: &[Judged],
) -> Option<Change> {
    if old.end == new.end {
        return None;
    }
    let message = format!("`{}` ends with {} now; before, with {}", words(new), new.end, old.end);
    let severity =
        severity_of(new_findings, common.platform, |it| it.finding.rule.group() == Group::Run);
    let change = Change::new(ChangeKind::Run, common.platform, message);
    Some(change.with_severity(severity))
}

/// The lines that differ, marked by `-` and `+`, with some around; nothing where only the order differs,
/// or what differs in every build.
fn difference(old: &str, new: &str) -> Option<Vec<String>> {
    let lines = |text: &str| -> Vec<String> { text.lines().map(stable).collect() };
    let (old_lines, new_lines) = (lines(old), lines(new));
    let sorted = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        lines
    };
    if sorted(&old_lines) == sorted(&new_lines) {
        return None;
    }
    let (old_slices, new_slices): (Vec<&str>, Vec<&str>) = (
        old_lines.iter().map(String::as_str).collect(),
        new_lines.iter().map(String::as_str).collect(),
    );
    let diff = TextDiff::from_slices(&old_slices, &new_slices);
    let (old_texts, new_texts): (Vec<&str>, Vec<&str>) =
        (old.lines().collect(), new.lines().collect());
    let mut shown = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|it| diff.iter_changes(it)) {
            let text = |of: Option<usize>, texts: &[&str]| {
                of.and_then(|it| texts.get(it).copied()).unwrap_or_default().to_owned()
            };
            shown.push(match change.tag() {
                ChangeTag::Delete => format!("- {}", text(change.old_index(), &old_texts)),
                ChangeTag::Insert => format!("+ {}", text(change.new_index(), &new_texts)),
                ChangeTag::Equal => format!("  {}", text(change.new_index(), &new_texts)),
            });
        }
    }
    let more = shown.len().saturating_sub(LINES);
    shown.truncate(LINES);
    if more > 0 {
        shown.push(format!("and {more} more lines"));
    }
    Some(shown)
}
