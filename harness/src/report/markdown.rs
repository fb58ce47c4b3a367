//! Markdown for a pull request's comment and a step's summary.
//!
//! Source: GitHub, "Workflow commands for GitHub Actions": a step's summary has at most 1 MiB; a
//! comment has at most 65,536 characters.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::problem::{Of, Place, Problem, Reported, Sheet};
use crate::rules::Severity;
use crate::verdict::{Judgement, VariantJudgement, Verdict};

/// By this a comment is found and replaced.
const MARKER: &str = "<!-- archproof -->";
/// Of one name, as many are shown.
const SHOWN: usize = 20;
/// What it may take, in bytes. A comment has room for somewhat more.
const LIMIT: usize = 60_000;

/// Writes a section for each subject, those that fail first.
///
/// # Errors
///
/// The writer's.
pub fn write_markdown(reported: Reported<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut sheets = reported.sheets();
    sheets.sort_by_key(|it| std::cmp::Reverse(it.verdict));
    let mut text = format!("{MARKER}\n");
    let (mut left_out, mut problems_left_out) = (0, 0);
    for sheet in &sheets {
        let (heading, lines) = section(sheet);
        if text.len() + heading.len() > LIMIT {
            left_out += 1;
            continue;
        }
        text.push_str(&heading);
        for line in lines {
            if text.len() + line.len() > LIMIT {
                problems_left_out += 1;
            } else {
                text.push_str(&line);
            }
        }
    }
    if left_out + problems_left_out > 0 {
        let left_out = format!("{left_out} subjects and {problems_left_out} lines");
        let _ = writeln!(text, "\nLeft out, because a comment has a limit: {left_out}.");
    }
    to.write_all(text.as_bytes())
}

/// The heading with the table of platforms, and a line for each finding.
fn section(sheet: &Sheet<'_>) -> (String, Vec<String>) {
    let mut heading = format!("\n### {} {}\n\n", mark(sheet.verdict), code(&sheet.subject));
    for why in &sheet.blocked {
        let _ = writeln!(heading, "- {}", escaped(why));
    }
    match sheet.of {
        Of::Judgement(judgement) => heading.push_str(&table(judgement)),
        Of::Dockerfile if sheet.problems.is_empty() => heading.push_str("Nothing was found.\n"),
        Of::Comparison if sheet.problems.is_empty() && sheet.blocked.is_empty() => {
            heading.push_str("Nothing changed.\n");
        }
        Of::Dockerfile | Of::Comparison | Of::Nothing => {}
    }
    let mut problems: Vec<&Problem> = sheet.problems.iter().collect();
    problems.sort_by_key(|it| (!it.is_open(), std::cmp::Reverse(it.severity)));
    let gone =
        sheet.gone.iter().map(|it| format!("- ✅ gone: {}", line(it).trim_start_matches("- ")));
    let lines: Vec<String> = folded(&problems).into_iter().chain(gone).collect();
    if !lines.is_empty() && !heading.ends_with("\n\n") {
        heading.push('\n');
    }
    (heading, lines)
}

fn table(judgement: &Judgement) -> String {
    let row = |it: &VariantJudgement| {
        let run = match (it.runs.first(), &it.not_run) {
            (Some(run), _) => format!(
                "{} {}: {}",
                code(&run.command.join(" ")),
                run.execution,
                escaped(&run.end.to_string())
            ),
            (None, Some(why)) => format!("not run: {}", escaped(&why.to_string())),
            (None, None) => "not run".to_owned(),
        };
        let open = it.findings.iter().filter(|it| it.status == crate::verdict::Status::Open);
        format!("| {} | {} | {} | {run} |\n", mark(it.verdict), it.platform, open.count())
    };
    let rows: String = judgement.variants.iter().map(row).collect();
    if rows.is_empty() {
        return "There is no image.\n".to_owned();
    }
    format!("| verdict | platform | findings | run |\n|---|---|---|---|\n{rows}")
}

/// A line for each, and of many with one name one for those that are too many.
fn folded(problems: &[&Problem]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for problem in problems {
        let count = counts.entry(&problem.name).or_default();
        *count += 1;
        if *count <= SHOWN {
            lines.push(line(problem));
        }
    }
    for (name, count) in counts.into_iter().filter(|it| it.1 > SHOWN) {
        lines.push(format!("- and {} more {}\n", count - SHOWN, code(name)));
    }
    lines
}

fn line(problem: &Problem) -> String {
    let place = match &problem.place {
        Place::Dockerfile { file, line, .. } => format!("{} ", code(&format!("{file}:{line}"))),
        Place::Subject => String::new(),
    };
    let severity = match problem.severity {
        Severity::Error => "**error**",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let accepted = match problem.accepted.as_str() {
        "" => String::new(),
        why => format!(" (accepted: {})", escaped(why)),
    };
    let help = match problem.help.as_str() {
        "" => String::new(),
        help => format!(" Help: {}", code(help)),
    };
    let message = escaped(&problem.placed_message());
    let mut text =
        format!("- {severity} {} {place}{message}{accepted}{help}\n", code(&problem.name));
    for detail in problem.details.iter().take(SHOWN) {
        let _ = writeln!(text, "  - {}", code(detail));
    }
    text
}

const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅ pass",
        Verdict::Fail => "❌ fail",
        Verdict::Blocked => "⚠️ blocked",
    }
}

/// As code on one line: between as many backticks as the text itself does not have.
fn code(text: &str) -> String {
    let text = crate::text::line(text).replace('|', "\\|");
    let mut longest = 0;
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Text in which nothing is markup: neither Markdown's, nor HTML's, nor a mention of a person or issue.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in crate::text::line(text).chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A character of no width keeps these from being a mention.
            '@' | '#' => {
                escaped.push(letter);
                escaped.push('\u{200b}');
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}
