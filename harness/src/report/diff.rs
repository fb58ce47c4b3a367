//! What changed, for people and for programs. The schema of the JSON document is
//! `docs/diff.schema.json`.

use std::cmp::Reverse;
use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;

use super::facts::plural;
use super::json::{JsonBlocked, JsonFinding, findings};
use super::text::{severity_style, verdict_style, verdict_word, write_blocked, write_entry};
use crate::diff::{self, Change, Diff, Obstacle, Which};
use crate::listing::{Entry, Merged, judged_entries, merged_of};
use crate::outcome::{DiffOutcome, DiffReport};
use crate::platform::Platform;
use crate::rules::Severity;
use crate::text::{line, printable, styled, write_pretty_json};
use crate::verdict::{Status, Verdict};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// The version of the JSON document.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    verdict: Verdict,
    old: &'a str,
    new: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'a [Change]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<JsonFindings<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    obstacles: Vec<JsonObstacle<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<JsonWhich>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incomparable: Option<String>,
}

#[derive(Serialize)]
struct JsonFindings<'a> {
    new: Vec<JsonFinding<'a>>,
    gone: Vec<JsonFinding<'a>>,
    still: usize,
}

#[derive(Serialize)]
struct JsonObstacle<'a> {
    platform: Platform,
    image: &'static str,
    reason: &'a str,
}

#[derive(Serialize)]
struct JsonWhich {
    image: &'static str,
    #[serde(flatten)]
    blocked: JsonBlocked,
}

impl<'a> JsonObstacle<'a> {
    fn new(obstacle: &'a Obstacle) -> Self {
        let Obstacle { platform, image, reason } = obstacle;
        Self { platform: *platform, image: word(*image), reason }
    }
}

const fn word(which: Which) -> &'static str {
    match which {
        Which::Old => "old",
        Which::New => "new",
    }
}

/// Writes everything that changed, as JSON.
///
/// # Errors
///
/// The writer's.
pub fn write_diff_json(report: &DiffReport, to: &mut dyn Write) -> io::Result<()> {
    let mut document = Document {
        schema: SCHEMA,
        verdict: report.verdict(),
        old: &report.old,
        new: &report.new,
        changes: None,
        findings: None,
        obstacles: Vec::new(),
        blocked: None,
        incomparable: None,
    };
    match &report.outcome {
        DiffOutcome::Compared { diff, .. } => {
            let Diff { changes, new, gone, still, obstacles } = &**diff;
            document.changes = Some(changes);
            let (new, gone) = (findings(new), findings(gone));
            document.findings = Some(JsonFindings { new, gone, still: *still });
            document.obstacles = obstacles.iter().map(JsonObstacle::new).collect();
        }
        DiffOutcome::Blocked(which, blocked) => {
            let (image, blocked) = (word(*which), JsonBlocked::new(blocked));
            document.blocked = Some(JsonWhich { image, blocked });
        }
        DiffOutcome::Incomparable(error) => document.incomparable = Some(error.to_string()),
    }
    write_pretty_json(&document, to)?;
    writeln!(to)
}

/// Writes the changes, the worst first; nothing where nothing changed. Colours are escape sequences: a
/// writer that is no terminal strips them.
///
/// # Errors
///
/// The writer's.
pub fn write_diff_text(report: &DiffReport, to: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    match &report.outcome {
        DiffOutcome::Compared { diff, .. } => write_compared(report, diff, &mut text)?,
        DiffOutcome::Blocked(which, blocked) => {
            let name = match which {
                Which::Old => &report.old,
                Which::New => &report.new,
            };
            writeln!(text, "{BOLD}{}{BOLD:#}", line(name))?;
            write_blocked(blocked, &mut text)?;
        }
        DiffOutcome::Incomparable(error) => {
            let style = verdict_style(Verdict::Blocked);
            let [old, new] = [&report.old, &report.new].map(|it| line(it));
            writeln!(text, "{style}blocked{style:#}: cannot compare {new} with {old}: {error}")?;
        }
    }
    to.write_all(styled(&text).as_bytes())
}

fn write_compared(report: &DiffReport, diff: &Diff, to: &mut dyn Write) -> io::Result<()> {
    let changes = diff::entries(&diff.changes);
    let new = judged_entries(&diff.new);
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        for change in changes.iter().filter(|it| it.severity == severity) {
            write_change(change, to)?;
        }
        let counts = |it: &&Entry| it.severity == severity && it.status == Status::Open;
        for entry in new.iter().filter(counts) {
            write_entry(entry, " (new)", to)?;
        }
    }
    for entry in new.iter().filter(|it| it.status != Status::Open) {
        write_entry(entry, " (new)", to)?;
    }
    let mut gone = judged_entries(&diff.gone);
    gone.sort_by_key(|it| Reverse(it.severity));
    for Entry { place, severity, rule, message, .. } in &gone {
        writeln!(to, "{DIM}{place}: {severity}[{rule}]: {message} (gone){DIM:#}")?;
    }
    for Obstacle { platform, image, reason } in &diff.obstacles {
        let reason = printable(reason.as_bytes()).replace('\n', "\n  ");
        writeln!(to, "{platform}: not compared in full, the {} image: {reason}", word(*image))?;
    }
    if diff.is_empty() && diff.obstacles.is_empty() {
        return Ok(());
    }
    let verdict = report.verdict();
    let whole = match verdict {
        Verdict::Blocked => "not compared in full, ",
        Verdict::Pass | Verdict::Fail => "",
    };
    let (style, verdict) = (verdict_style(verdict), verdict_word(verdict));
    let old = line(&report.old);
    writeln!(
        to,
        "{style}{verdict}{style:#}: {whole}{} {DIM}(compared with {old}){DIM:#}",
        summary(diff)
    )
}

fn write_change(change: &diff::Entry, to: &mut dyn Write) -> io::Result<()> {
    let diff::Entry { severity, kind, place, message, notes } = change;
    let style = severity_style(*severity);
    writeln!(to, "{BOLD}{place}{BOLD:#}: {style}{severity}[{kind}]{style:#}: {message}")?;
    notes.iter().try_for_each(|it| writeln!(to, "  {DIM}| {it}{DIM:#}"))
}

/// How many changes there are, by how bad they are.
fn summary(diff: &Diff) -> String {
    let new = merged_of(&diff.new);
    let count = |severity| {
        let open = |it: &&Merged<'_>| {
            it.judged.status == Status::Open && it.judged.finding.severity == severity
        };
        let changes = diff.changes.iter().filter(|it| it.severity == severity).count();
        changes + new.iter().filter(open).count()
    };
    let some = |count: usize, noun| (count > 0).then(|| plural(count, noun));
    let worse = [some(count(Severity::Error), "error"), some(count(Severity::Warning), "warning")];
    let others = some(count(Severity::Note), "other change");
    let gone = some(merged_of(&diff.gone).len(), "finding").map(|it| format!("{it} gone"));
    let still = some(diff.still, "finding").map(|it| format!("{it} as before"));
    let parts: Vec<String> = worse.into_iter().chain([others, gone, still]).flatten().collect();
    if parts.is_empty() { "no changes".to_owned() } else { parts.join(", ") }
}
