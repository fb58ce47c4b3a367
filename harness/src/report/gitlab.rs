//! GitLab's code quality report.
//!
//! Source: GitLab, "Code Quality", "Code Quality report format".

use std::io::{self, Write};

use serde::Serialize;

use super::problem::{Fingerprints, Place, Problem, Reported};
use crate::rules::Severity;
use crate::text::write_pretty_json;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Writes the findings or changes that count.
///
/// # Errors
///
/// The writer's.
pub fn write_gitlab(reported: Reported<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut fingerprints = Fingerprints::default();
    let mut issues = Vec::new();
    for sheet in reported.sheets() {
        for problem in sheet.problems.iter().filter(|it| it.is_open()) {
            issues.push(issue(&sheet.subject, problem, &mut fingerprints));
        }
    }
    write_pretty_json(&issues, to)?;
    writeln!(to)
}

fn issue(subject: &str, problem: &Problem, fingerprints: &mut Fingerprints) -> Issue {
    let fingerprint = fingerprints.next(subject, problem);
    let (path, begin) = match &problem.place {
        Place::Dockerfile { file, line, .. } => (file.clone(), *line),
        Place::Subject => (subject.to_owned(), 1),
    };
    Issue {
        description: format!("{} ({})", problem.placed_message(), problem.name),
        check_name: problem.name.clone(),
        fingerprint,
        severity: match problem.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        location: Location { path, lines: Lines { begin } },
    }
}
