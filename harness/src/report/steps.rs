//! The steps of a build for people: a line for each `RUN`, whatever the number of platforms.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::text::line;
use crate::build::{Basis, BuildStep, BuildTrace, Lines, Manner, StepEnd, Work, seconds};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const WARN: Style = AnsiColor::Yellow.on_default();

/// The letters of an instruction that are shown.
const SHOWN: usize = 50;

/// A line of the table.
struct Row {
    instruction: String,
    /// How often, where.
    places: String,
    time: String,
    style: Style,
}

/// Writes the table; nothing where no step executes anything.
pub(super) fn write_steps(trace: &BuildTrace, to: &mut dyn Write) -> io::Result<()> {
    let rows = rows(trace);
    if rows.is_empty() {
        return Ok(());
    }
    let claimed = match &trace.basis {
        Basis::Recorded => String::new(),
        Basis::Claimed(why) => {
            format!("  {DIM}as the names of its steps claim: {}{DIM:#}", line(why))
        }
    };
    writeln!(to, "  {BOLD}build{BOLD:#}{claimed}")?;
    let width = |of: fn(&Row) -> &str| rows.iter().map(|it| of(it).chars().count()).max();
    let instruction = width(|it| &it.instruction).unwrap_or(0);
    let places = width(|it| &it.places).unwrap_or(0);
    for row in &rows {
        let Row { style, time, .. } = row;
        writeln!(
            to,
            "    {:<instruction$}  {style}{:<places$}{style:#}  {DIM}{time}{DIM:#}",
            row.instruction, row.places,
        )?;
    }
    Ok(())
}

fn rows(trace: &BuildTrace) -> Vec<Row> {
    let platforms: BTreeSet<_> = trace.steps.iter().flat_map(|it| &it.platforms).collect();
    let mut groups: BTreeMap<(Option<Lines>, &str, &str), Vec<&BuildStep>> = BTreeMap::new();
    let executes = |it: &&BuildStep| matches!(it.work, Work::Execution(_) | Work::Unplaced);
    let fails = |it: &&BuildStep| matches!(it.end, StepEnd::Failed { .. });
    for step in trace.steps.iter().filter(|it| executes(it) || fails(it)) {
        groups.entry((step.lines, &step.stage, &step.instruction)).or_default().push(step);
    }
    groups.into_values().map(|steps| row(&steps, platforms.len())).collect()
}

fn row(steps: &[&BuildStep], platforms: usize) -> Row {
    let is_emulated = |it: &&&BuildStep| manner(it) == Some(Manner::Emulated);
    let style = if steps.iter().any(|it| is_emulated(&it)) { WARN } else { Style::new() };
    let instruction = steps.first().map_or("", |it| it.instruction.as_str());
    Row {
        instruction: cut(&line(instruction)),
        places: places(steps, platforms),
        time: time(steps),
        style,
    }
}

fn manner(step: &BuildStep) -> Option<Manner> {
    step.execution().map(|it| it.manner)
}

fn word(manner: Option<Manner>) -> &'static str {
    match manner {
        Some(Manner::Native) => "native",
        Some(Manner::Cross) => "cross",
        Some(Manner::Emulated) => "emulated",
        Some(Manner::Unknown) => "native or emulated",
        None => "not said where",
    }
}

fn places(steps: &[&BuildStep], platforms: usize) -> String {
    if let [step] = steps {
        let word = word(manner(step));
        return match step.platforms.as_slice() {
            _ if platforms < 2 => word.to_owned(),
            [] => word.to_owned(),
            [only] => format!("for {only} {word}"),
            all if all.len() == platforms => format!("once for all {platforms} {word}"),
            some => format!("once for {} of {platforms} {word}", some.len()),
        };
    }
    let mut counts: BTreeMap<Option<Manner>, usize> = BTreeMap::new();
    for step in steps {
        *counts.entry(manner(step)).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.into_iter().map(|(manner, count)| format!("{count} × {}", word(manner))).collect();
    counts.join(", ")
}

fn time(steps: &[&BuildStep]) -> String {
    let total = |of: &dyn Fn(&BuildStep) -> bool| -> Option<u64> {
        let times = steps.iter().filter(|it| of(it)).filter_map(|it| it.duration_ms());
        times.reduce(u64::saturating_add)
    };
    let ends: [(&str, fn(&StepEnd) -> bool); 4] = [
        ("cached", |it| *it == StepEnd::Cached),
        ("failed", |it| matches!(it, StepEnd::Failed { .. })),
        ("cancelled", |it| *it == StepEnd::Cancelled),
        ("not reached", |it| *it == StepEnd::NotReached),
    ];
    let counted = ends.iter().filter_map(|(word, is_so)| {
        match steps.iter().filter(|it| is_so(&it.end)).count() {
            0 => None,
            count if count == steps.len() => Some((*word).to_owned()),
            count => Some(format!("{count} {word}")),
        }
    });
    let is_emulated = |it: &BuildStep| manner(it) == Some(Manner::Emulated);
    let all = total(&|_| true);
    let emulated = total(&is_emulated).filter(|it| Some(*it) != all);
    let all = all.map(seconds).into_iter();
    let emulated = emulated.map(|it| format!("{} of it emulated", seconds(it)));
    all.chain(emulated).chain(counted).collect::<Vec<_>>().join(", ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
