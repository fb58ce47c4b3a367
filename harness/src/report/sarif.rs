//! SARIF 2.1.0, as code scanning services read it.
//!
//! A finding in an image stands at the line of the Dockerfile that wrote its layer, or where that is not
//! known, at the subject; platform and path in the image are its logical location.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::problem::{Fingerprints, Place, Problem, Reported, Sheet, Source};
use crate::rules::{Rule, Severity};
use crate::text::{line, write_pretty_json};
use crate::verdict::Verdict;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Where the pages of the rules are.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules/");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    automation_details: AutomationDetails,
    invocations: Vec<Invocation>,
    results: Vec<SarifResult>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    information_uri: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
}

/// The runs of several subjects do not replace each other: each has an ID.
#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

/// Writes a run for each subject.
///
/// # Errors
///
/// The writer's.
pub fn write_sarif(reported: Reported<'_>, to: &mut dyn Write) -> io::Result<()> {
    let runs = reported.sheets().iter().map(Run::new).collect();
    write_pretty_json(&Log { schema: SCHEMA, version: "2.1.0", runs }, to)?;
    writeln!(to)
}

impl Run {
    fn new(sheet: &Sheet<'_>) -> Self {
        let names: BTreeSet<(&str, bool)> =
            sheet.problems.iter().map(|it| (it.name.as_str(), it.source == Source::Rule)).collect();
        let names: Vec<(&str, bool)> = names.into_iter().collect();
        let mut fingerprints = Fingerprints::default();
        let results = sheet.problems.iter().map(|problem| {
            let name = (problem.name.as_str(), problem.source == Source::Rule);
            let index = names.binary_search(&name).unwrap_or_default();
            let fingerprint = fingerprints.next(&sheet.subject, problem);
            SarifResult::new(&sheet.subject, problem, index, fingerprint)
        });
        let results = results.collect();
        let blocked = sheet.blocked.iter();
        let notifications = blocked
            .map(|it| Notification { level: "error", message: Message { text: it.clone() } });
        Self {
            tool: Tool {
                driver: Driver {
                    name: "archproof",
                    version: env!("CARGO_PKG_VERSION"),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: names.iter().map(|(name, is_rule)| descriptor(name, *is_rule)).collect(),
                },
            },
            automation_details: AutomationDetails { id: format!("archproof/{}/", sheet.subject) },
            invocations: vec![Invocation {
                execution_successful: sheet.verdict != Verdict::Blocked,
                tool_execution_notifications: notifications.collect(),
            }],
            results,
        }
    }
}

fn descriptor(name: &str, is_rule: bool) -> Descriptor {
    let rule = name.parse::<Rule>().ok().filter(|_| is_rule);
    Descriptor {
        id: name.to_owned(),
        short_description: rule.map(|it| Message { text: it.summary().to_owned() }),
        help_uri: rule.map(|it| format!("{PAGES}{it}.md")),
    }
}

impl SarifResult {
    fn new(subject: &str, problem: &Problem, rule_index: usize, fingerprint: String) -> Self {
        let text = match problem.help.as_str() {
            "" => problem.placed_message(),
            help => format!("{}\nhelp: {help}", problem.placed_message()),
        };
        let suppression = (!problem.is_open())
            .then(|| Suppression { kind: "external", justification: problem.accepted.clone() });
        Self {
            rule_id: problem.name.clone(),
            rule_index,
            level: match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            message: Message { text },
            locations: vec![Location::new(subject, problem)],
            partial_fingerprints: BTreeMap::from([("archproof/v1", fingerprint)]),
            suppressions: suppression.into_iter().collect(),
        }
    }
}

impl Location {
    fn new(subject: &str, problem: &Problem) -> Self {
        let (file, start_line, start_column) = match &problem.place {
            Place::Dockerfile { file, line: number, column } => (file.as_str(), *number, *column),
            Place::Subject => (subject, 1, 1),
        };
        let platforms = problem.platforms.iter().map(|platform| {
            let (name, kind) = match problem.path.as_str() {
                "" => (platform.to_string(), "module"),
                path => (line(path), "resource"),
            };
            let fully_qualified_name = format!("{platform}{}", line(&problem.path));
            LogicalLocation { name, fully_qualified_name, kind }
        });
        Self {
            logical_locations: platforms.collect(),
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: uri(file) },
                region: Region { start_line, start_column },
            },
        }
    }
}

/// A relative reference (RFC 3986, section 4.2): readers refuse schemes that are none of theirs, such as
/// that of an image.
fn uri(file: &str) -> String {
    let file = Path::new(file);
    let parts: Vec<String> = file
        .components()
        .map(|it| it.as_os_str().to_string_lossy().into_owned())
        .filter(|it| it != "." && it != "/")
        .collect();
    let mut uri = String::new();
    for byte in parts.join("/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    if uri.is_empty() { "Dockerfile".to_owned() } else { uri }
}
