//! What `archproof inspect` shows: the facts alone, nothing judged.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;

use super::json::JsonBlocked;
use super::text::write_blocked;
use crate::blocked::Blocked;
use crate::evidence::image::{ImageFacts, NodeKind, Unreadable, Variant, describe_content};
use crate::text::{line, styled, write_json};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// The version of the JSON document.
const SCHEMA: u32 = 1;

/// What is known of one subject.
#[derive(Clone, Debug)]
pub struct FactsReport {
    /// As the user wrote it.
    pub subject: String,
    /// The facts, or why there are none.
    pub facts: Result<ImageFacts, Blocked>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    subjects: Vec<JsonFacts<'a>>,
}

#[derive(Serialize)]
struct JsonFacts<'a> {
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a ImageFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<JsonBlocked>,
}

/// Writes everything that is known, as JSON.
///
/// # Errors
///
/// The writer's.
pub fn write_facts_json(reports: &[FactsReport], to: &mut dyn Write) -> io::Result<()> {
    let subjects = reports.iter().map(|it| JsonFacts {
        subject: &it.subject,
        image: it.facts.as_ref().ok(),
        blocked: it.facts.as_ref().err().map(JsonBlocked::new),
    });
    write_json(&Document { schema: SCHEMA, subjects: subjects.collect() }, to)?;
    writeln!(to)
}

/// Writes a line for each variant, and one for each executable file in it.
///
/// # Errors
///
/// The writer's.
pub fn write_facts_text(report: &FactsReport, to: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    write_facts(report, &mut text)?;
    to.write_all(styled(&text).as_bytes())
}

fn write_facts(report: &FactsReport, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{BOLD}{}{BOLD:#}", line(&report.subject))?;
    match &report.facts {
        Ok(image) => {
            for variant in &image.variants {
                write_variant(variant, to)?;
            }
            for variant in &image.unreadable {
                write_unreadable(variant, to)?;
            }
            for platform in &image.unread {
                writeln!(to, "  {platform}  {DIM}not requested{DIM:#}")?;
            }
        }
        Err(blocked) => write_blocked(blocked, to)?,
    }
    Ok(())
}

fn write_variant(variant: &Variant, to: &mut dyn Write) -> io::Result<()> {
    let is_file = |kind: &NodeKind| matches!(kind, NodeKind::File { .. });
    let files = variant.files.iter().filter(|(_, node)| is_file(&node.kind)).count();
    let layers = variant.layers.len();
    let (of_layers, of_files) = (plural(layers, "layer"), plural(files, "file"));
    writeln!(
        to,
        "  {BOLD}{}{BOLD:#}  {DIM}{}, {of_layers}, {of_files}{DIM:#}",
        variant.platform, variant.digest
    )?;
    for (path, node) in variant.files.iter() {
        let NodeKind::File { content, .. } = &node.kind else { continue };
        if let Some(what) = describe_content(content) {
            writeln!(to, "    {}  {DIM}{}{DIM:#}", line(path.as_str()), line(&what))?;
        }
    }
    Ok(())
}

fn write_unreadable(variant: &Unreadable, to: &mut dyn Write) -> io::Result<()> {
    let platform = variant.platform.map_or_else(|| "(unknown)".to_owned(), |it| it.to_string());
    writeln!(to, "  {BOLD}{platform}{BOLD:#}  {DIM}{}{DIM:#}", variant.digest)?;
    for fault in &variant.faults {
        writeln!(to, "    {}", line(&fault.to_string()))?;
    }
    Ok(())
}

pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
