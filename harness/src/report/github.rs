//! Annotations of a GitHub workflow.
//!
//! Source: GitHub, "Workflow commands for GitHub Actions": `::error file=…,line=…,col=…,title=…::…`. Of
//! each kind a step shows ten.

use std::io::{self, Write};

use super::problem::{Place, Problem, Reported, Sheet};
use crate::rules::Severity;

/// As many of a kind are shown.
const SHOWN: usize = 10;

/// Writes a line for each finding or change that counts, the worst first.
///
/// # Errors
///
/// The writer's.
pub fn write_github(reported: Reported<'_>, to: &mut dyn Write) -> io::Result<()> {
    let sheets = reported.sheets();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let of_kind = |sheet: &'_ Sheet<'_>| -> Vec<String> {
            let is_blocked = !sheet.blocked.is_empty() && severity == Severity::Error;
            let blocked = is_blocked.then(|| blocked_line(sheet)).into_iter();
            let open = sheet.problems.iter().filter(|it| it.is_open() && it.severity == severity);
            blocked.chain(open.map(|it| annotation(&sheet.subject, it))).collect()
        };
        let lines: Vec<String> = sheets.iter().flat_map(of_kind).collect();
        let more = lines.len().saturating_sub(SHOWN);
        // The last place says how many there is none for.
        let shown = if more > 0 { SHOWN - 1 } else { SHOWN };
        for line in lines.iter().take(shown) {
            writeln!(to, "{line}")?;
        }
        if more > 0 {
            let more = lines.len() - shown;
            writeln!(to, "::{} title=archproof::and {more} more: see the log", command(severity))?;
        }
    }
    Ok(())
}

fn blocked_line(sheet: &Sheet<'_>) -> String {
    let message = format!("{}: {}", sheet.subject, sheet.blocked.join(": "));
    format!("::error title=archproof could not verify it::{}", data(&message))
}

fn annotation(subject: &str, problem: &Problem) -> String {
    let mut properties = Vec::new();
    if let Place::Dockerfile { file, line, column } = &problem.place {
        properties.push(format!("file={}", property(file)));
        properties.push(format!("line={line},col={column}"));
    }
    properties.push(format!("title={}", property(&problem.name)));
    let message = match &problem.place {
        Place::Dockerfile { .. } => problem.placed_message(),
        Place::Subject => format!("{subject}: {}", problem.placed_message()),
    };
    let message = match problem.help.as_str() {
        "" => message,
        help => format!("{message}\nhelp: {help}"),
    };
    format!("::{} {}::{}", command(problem.severity), properties.join(","), data(&message))
}

const fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

/// A message in which no line of a command's own begins.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
