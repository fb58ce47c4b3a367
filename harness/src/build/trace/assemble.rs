//! From BuildKit's progress and its record of the build to the trace.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Premises;
use super::claims::{Claims, place};
use super::graph::{Graphs, Kind, Recorded};
use crate::build::progress::{Step, Trace, exit_code_in, is_cancellation};
use crate::dockerfile::{Dockerfile, Stage};
use crate::event::StepState;
use crate::evidence::build::{
    Basis, BuildStep, BuildTrace, Execution, Lines, Manner, Reach, Span, StepEnd, Work,
};
use crate::oci::Digest;
use crate::platform::Platform;

/// The trace of a build of which there is a record.
pub(crate) fn recorded(graphs: &Graphs, trace: &Trace<'_>, premises: &Premises) -> BuildTrace {
    let assembler = Assembler::new(trace, premises);
    let mut merged: BTreeMap<Digest, (Recorded, &Step, StepEnd)> = BTreeMap::new();
    for (digest, step) in trace.steps().filter(|(_, step)| step.is_of_dockerfile()) {
        let Some(recorded) = graphs.steps.get(digest) else { continue };
        let end = assembler.end(step);
        match merged.entry(recorded.identity) {
            Entry::Vacant(entry) => {
                entry.insert((recorded.clone(), step, end));
            }
            Entry::Occupied(mut entry) => {
                let (whole, _, done) = entry.get_mut();
                whole.absorb(recorded);
                // Of those that were one only the one that was executed is not called cached.
                if *done == StepEnd::Cached {
                    *done = end;
                }
            }
        }
    }
    let steps = merged.into_values();
    let steps =
        steps.map(|(recorded, step, end)| assembler.recorded(&recorded, step, end)).collect();
    assembler.finish(Basis::Recorded, steps)
}

/// The trace of a build of which there is none, and why; in the lines that are known a step failed.
pub(crate) fn claimed(
    trace: &Trace<'_>,
    premises: &Premises,
    failed: Option<Lines>,
    because: &str,
) -> BuildTrace {
    let assembler = Assembler::new(trace, premises);
    let claims = Claims::new(trace, &premises.recipe.platforms);
    let steps = trace.steps().filter(|(_, step)| step.is_of_dockerfile());
    let steps = steps.map(|(digest, step)| {
        let step = assembler.claimed(digest, step, &claims);
        match step.end {
            StepEnd::Failed { .. } => BuildStep { lines: failed, ..step },
            _ => step,
        }
    });
    let steps = steps.collect();
    assembler.finish(Basis::Claimed(because.to_owned()), steps)
}

/// The first line of each stage of a Dockerfile, and what BuildKit calls it.
///
/// Source: `dispatchState.stageName` and `prefixCommand` of BuildKit's `dockerfile2llb/convert.go`.
fn stages(text: &str) -> Vec<(u32, String)> {
    let Ok(file) = Dockerfile::parse(text) else { return Vec::new() };
    let name = |number: usize, stage: &Stage| match stage.name.as_str() {
        "" if file.stages.len() > 1 => format!("stage-{number}"),
        name => name.to_owned(),
    };
    let stages = file.stages.iter().enumerate();
    stages.map(|(number, it)| (file.position(it.start).line, name(number, it))).collect()
}

struct Assembler<'a> {
    premises: &'a Premises,
    /// The lines of the Dockerfile; none where it could not be read.
    lines: Vec<&'a str>,
    /// The first line of each stage, and its name.
    stages: Vec<(u32, String)>,
    /// The start of the first step, in nanoseconds of BuildKit's clock.
    origin: i128,
}

impl<'a> Assembler<'a> {
    fn new(trace: &Trace<'_>, premises: &'a Premises) -> Self {
        let lines = premises.recipe.text.lines().collect();
        let starts = trace.steps().filter(|(_, it)| it.is_of_dockerfile());
        let origin = starts.filter_map(|(_, it)| it.work.start()).min().unwrap_or(0);
        let stages = stages(&premises.recipe.text);
        Self { premises, lines, stages, origin }
    }

    fn finish(self, basis: Basis, mut steps: Vec<BuildStep>) -> BuildTrace {
        steps.sort();
        let Premises { recipe, checks } = self.premises.clone();
        BuildTrace { recipe: Box::new(recipe), checks, basis, steps }
    }

    fn recorded(&self, recorded: &Recorded, step: &Step, end: StepEnd) -> BuildStep {
        let platforms: Vec<Platform> = recorded.platforms.iter().copied().collect();
        let work = match recorded.kind {
            Kind::Source => Work::Source,
            Kind::Files => Work::Files,
            Kind::Foreign => Work::Unplaced,
            Kind::Execution { on, likeness } => {
                let manner = Manner::of(self.premises.recipe.build, on, &platforms);
                Work::Execution(Execution { on, manner, likeness })
            }
        };
        let written = recorded.lines.and_then(|it| self.written(it, &work));
        BuildStep {
            lines: recorded.lines,
            stage: recorded
                .lines
                .and_then(|it| self.stage(it))
                .unwrap_or_else(|| step.stage())
                .to_owned(),
            instruction: written.unwrap_or_else(|| step.label.instruction.clone()),
            platforms,
            reach: recorded.reach,
            work,
            end,
        }
    }

    fn claimed(&self, digest: &str, step: &Step, claims: &Claims) -> BuildStep {
        let platforms = claims.dependents(digest);
        let work = match (step.keyword(), place(step)) {
            ("RUN", Some(on)) => {
                let manner = Manner::of(self.premises.recipe.build, on, &platforms);
                // Nothing is known of it, so it is like no other.
                let likeness = Digest::of(digest.as_bytes());
                Work::Execution(Execution { on, manner, likeness })
            }
            ("RUN", None) => Work::Unplaced,
            ("COPY" | "ADD" | "WORKDIR", _) => Work::Files,
            _ => Work::Source,
        };
        BuildStep {
            lines: None,
            stage: step.stage().to_owned(),
            instruction: step.label.instruction.clone(),
            platforms,
            reach: Reach::Unknown,
            work,
            end: self.end(step),
        }
    }

    /// The stage that lines belong to. A step of several is called by BuildKit after the one that
    /// came first in time.
    fn stage(&self, lines: Lines) -> Option<&str> {
        let stage = self.stages.iter().rfind(|(first, _)| *first <= lines.first)?;
        Some(&stage.1)
    }

    /// The instruction as it is written, if it is of that kind: the steps of `ONBUILD` have the
    /// lines of the `FROM` that brings them.
    fn written(&self, lines: Lines, work: &Work) -> Option<String> {
        let from = usize::try_from(lines.first).ok()?.checked_sub(1)?;
        let to = usize::try_from(lines.last).ok()?.min(self.lines.len());
        let text = self.lines.get(from..to)?.iter().map(|it| it.trim());
        let text: Vec<&str> = text
            .filter(|it| !it.starts_with('#'))
            .flat_map(|it| it.strip_suffix('\\').unwrap_or(it).split_whitespace())
            .collect();
        let keyword = text.first()?.to_ascii_uppercase();
        let fits = match work {
            Work::Source => matches!(keyword.as_str(), "FROM" | "ADD" | "COPY" | "RUN"),
            Work::Files => matches!(keyword.as_str(), "COPY" | "ADD" | "WORKDIR"),
            Work::Execution(_) | Work::Unplaced => keyword == "RUN",
        };
        fits.then(|| text.join(" "))
    }

    fn end(&self, step: &Step) -> StepEnd {
        match &step.state {
            None => StepEnd::NotReached,
            Some(StepState::Cached) => StepEnd::Cached,
            Some(StepState::Completed) => StepEnd::Done(self.span(step)),
            Some(StepState::Started) => StepEnd::Cancelled,
            Some(StepState::Failed { error }) if is_cancellation(error) => StepEnd::Cancelled,
            Some(StepState::Failed { error }) => {
                StepEnd::Failed { span: self.span(step), exit: exit_code_in(error) }
            }
        }
    }

    fn span(&self, step: &Step) -> Span {
        let millis = |nanos: i128| u64::try_from(nanos / 1_000_000).unwrap_or(0);
        Span {
            start_ms: millis(step.work.start().unwrap_or(self.origin) - self.origin),
            duration_ms: millis(step.work.total()),
        }
    }
}
