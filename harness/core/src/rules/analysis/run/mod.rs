//! What the runs of a variant show, and which of them count.

mod words;

pub(in crate::rules) use words::{serves, unknown_help};

use crate::evidence::image::Variant;
use crate::evidence::run::{Output, RunEnd, RunEvidence};
use crate::expectation::Expectations;
use crate::processor::CpuModel;

/// A program that fails on the promised processor for want of an instruction, and does not on one
/// that has every instruction.
pub(in crate::rules) struct IsaFault<'a> {
    pub(in crate::rules) on_promised: &'a RunEvidence,
    pub(in crate::rules) on_newest: &'a RunEvidence,
    /// What it does on the newest.
    pub(in crate::rules) does: &'static str,
}

/// Dead of an instruction, or by its own refusal, on the promised processor, and well on one that
/// has everything.
pub(in crate::rules) fn isa_fault<'a>(
    variant: &Variant,
    runs: &'a [RunEvidence],
    expectations: &Expectations,
) -> Option<IsaFault<'a>> {
    let (on_promised, on_newest) =
        runs.iter().zip(runs.iter().skip(1)).find(|(first, second)| {
            first.suggests_isa_fault() && is_second_opinion(variant, second, runs)
        })?;
    let does = match &on_newest.end {
        end if end.has_status(expectations.run.exit_status()) => "runs",
        // It got past the instruction, whatever it is busy with.
        RunEnd::TimedOut { .. } => "goes on until its time is over",
        _ if expectations.is_default_run() && is_unknown(on_newest) => "runs",
        _ => return None,
    };
    Some(IsaFault { on_promised, on_newest, does })
}

/// The runs by which a program is judged: on the promised processors, or where it lacks an
/// instruction on those, on the newest.
pub(in crate::rules) fn counted<'a>(
    variant: &Variant,
    runs: &'a [RunEvidence],
    expectations: &Expectations,
) -> Vec<&'a RunEvidence> {
    match isa_fault(variant, runs, expectations) {
        Some(IsaFault { on_newest, .. }) => {
            let shows_no_more = expectations.is_default_run() && is_unknown(on_newest);
            if shows_no_more { Vec::new() } else { vec![on_newest] }
        }
        // A run on every processor there is only says what another one means.
        None => runs.iter().filter(|it| !is_second_opinion(variant, it, runs)).collect(),
    }
}

/// A run on a processor that has everything, made for what another one showed.
fn is_second_opinion(variant: &Variant, run: &RunEvidence, runs: &[RunEvidence]) -> bool {
    let is_first = runs.first().is_some_and(|it| std::ptr::eq(it, run));
    !is_first && run.cpu == CpuModel::newest(variant.platform)
}

/// Whether a run shows that `--help` is unknown, and nothing else.
fn is_unknown(run: &RunEvidence) -> bool {
    unknown_help(run).or_else(|| serves(run)).is_some()
}

/// The end of what it printed, where the reason usually stands.
pub(in crate::rules) fn last_words(run: &RunEvidence) -> String {
    let streams: [&Output; 2] = [&run.stderr, &run.stdout];
    let text = streams.iter().map(|it| it.text.trim_end()).find(|it| !it.is_empty());
    text.map_or_else(
        || "; it printed nothing".to_owned(),
        |text| format!("; it printed {:?}", end_of(text)),
    )
}

pub(in crate::rules) fn end_of(text: &str) -> &str {
    const LETTERS: usize = 300;
    let start = text.char_indices().rev().nth(LETTERS - 1).map_or(0, |(at, _)| at);
    text[start..].trim()
}
