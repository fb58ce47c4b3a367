//! The steps of a build for people: a line for each `RUN`, whatever the number of platforms.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::evidence::build::{
    Basis, BuildStep, BuildTrace, BuilderCheck, BuilderChecks, Lines, Manner, Span, StepEnd, Work,
    seconds,
};
use crate::text::line;

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

/// Writes what the build did, and what BuildKit's own checks warn of.
pub(super) fn write_build(trace: &BuildTrace, to: &mut dyn Write) -> io::Result<()> {
    write_steps(trace, to)?;
    let BuilderChecks::Made(warnings) = &trace.checks else { return Ok(()) };
    if !warnings.is_empty() {
        writeln!(to, "  {BOLD}BuildKit's own checks{BOLD:#}")?;
    }
    for BuilderCheck { line: number, check, message, .. } in warnings {
        let (check, message) = (line(check), line(message));
        writeln!(to, "    {}:{number}: {check}: {message}", line(&trace.recipe.name))?;
    }
    Ok(())
}

/// Writes the table; nothing where no step executes anything.
fn write_steps(trace: &BuildTrace, to: &mut dyn Write) -> io::Result<()> {
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
    let counts = counts.join(", ");
    if steps.len() == platforms { format!("each of {platforms}: {counts}") } else { counts }
}

/// Whether a step ended so.
type IsEnd = fn(&StepEnd) -> bool;

fn time(steps: &[&BuildStep]) -> String {
    let total = |of: &dyn Fn(&BuildStep) -> bool| {
        elapsed(steps.iter().filter(|it| of(it)).filter_map(|it| it.span()).collect())
    };
    let ends: [(&str, IsEnd); 4] = [
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

/// How long any of them was at work: platforms are built side by side.
fn elapsed(mut spans: Vec<Span>) -> Option<u64> {
    spans.sort_unstable();
    let (mut total, mut counted) = (None, 0);
    for Span { start_ms, duration_ms } in spans {
        let (start, end) = (start_ms.max(counted), start_ms.saturating_add(duration_ms));
        total = Some(total.unwrap_or(0) + end.saturating_sub(start));
        counted = counted.max(end);
    }
    total
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::build::{Execution, Reach};
    use crate::oci::Digest;
    use crate::platform::Platform;

    fn step(instruction: &str, on: &str, platforms: &[&str], end: StepEnd) -> BuildStep {
        let parse = |it: &str| it.parse::<Platform>().expect("a platform");
        let platforms: Vec<Platform> = platforms.iter().map(|it| parse(it)).collect();
        let manner = Manner::of(parse("linux/amd64"), parse(on), &platforms);
        let execution = Execution { on: parse(on), manner, likeness: Digest::of(b"") };
        BuildStep {
            lines: None,
            stage: String::new(),
            instruction: instruction.to_owned(),
            platforms,
            reach: Reach::Builder,
            work: Work::Execution(execution),
            end,
        }
    }

    fn done(start_ms: u64, duration_ms: u64) -> StepEnd {
        StepEnd::Done(Span { start_ms, duration_ms })
    }

    fn table(steps: Vec<BuildStep>) -> String {
        let recipe = crate::fixture::recipe("", &[]);
        let trace =
            BuildTrace { recipe, checks: BuilderChecks::default(), basis: Basis::Recorded, steps };
        let mut bytes = Vec::new();
        write_build(&trace, &mut bytes).expect("in memory");
        let bytes = anstream::adapter::strip_bytes(&bytes).into_vec();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn an_instruction_has_a_line_whatever_the_number_of_platforms() {
        let (one, two, three) = ("linux/amd64", "linux/arm64", "linux/riscv64");
        let shown = table(vec![
            step("RUN a", one, &[one, two, three], done(0, 1_200)),
            step("RUN b", one, &[one], StepEnd::Cached),
            step("RUN b", one, &[two], done(2_000, 3_000)),
            step("RUN b", one, &[three], done(4_000, 3_000)),
            step("RUN c", one, &[one], done(8_000, 100)),
            step("RUN c", two, &[two], done(9_000, 1_900)),
            step("RUN d", one, &[one, two], StepEnd::Cached),
            step(
                "RUN e",
                two,
                &[two],
                StepEnd::Failed { span: Span { start_ms: 0, duration_ms: 0 }, exit: Some(1) },
            ),
        ]);
        assert_eq!(
            shown,
            "  build\n    \
             RUN a  once for all 3 native             1.2 s\n    \
             RUN b  each of 3: 1 × native, 2 × cross  5.0 s, 1 cached\n    \
             RUN c  1 × native, 1 × emulated          2.0 s, 1.9 s of it emulated\n    \
             RUN d  once for 2 of 3 native            cached\n    \
             RUN e  for linux/arm64 emulated          0.0 s, failed\n"
        );
        assert_eq!(table(Vec::new()), "");
    }

    #[test]
    fn a_long_instruction_is_cut() {
        let shown = table(vec![step(&"x".repeat(80), "linux/amd64", &["linux/amd64"], done(0, 1))]);
        assert_eq!(shown, format!("  build\n    {}…  native  0.0 s\n", "x".repeat(SHOWN)));
    }
}
