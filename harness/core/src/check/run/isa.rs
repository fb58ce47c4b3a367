//! Code for a newer processor than the platform promises, shown by running it on either.

use super::super::{Expectations, Finding, Rule, Severity};
use super::help::{is_default, is_unknown};
use super::outcome::last_words;
use crate::evidence::image::Variant;
use crate::evidence::run::{RunEnd, RunEvidence};
use crate::processor::CpuModel;

/// Dead of an instruction, or by its own refusal, on the promised processor, and well on one that
/// has everything. Gives the run on the latter as well.
pub(super) fn check<'a>(
    variant: &Variant,
    runs: &'a [RunEvidence],
    expectations: &Expectations,
) -> Option<(Finding, &'a RunEvidence)> {
    let (on_promised, on_all) = runs.iter().zip(runs.iter().skip(1)).find(|(first, second)| {
        first.suggests_isa_fault() && is_second_opinion(variant, second, runs)
    })?;
    let does = match &on_all.end {
        end if end.has_status(expectations.run.exit_status()) => "runs",
        // It got past the instruction, whatever it is busy with.
        RunEnd::TimedOut { .. } => "goes on until its time is over",
        _ if is_default(expectations) && is_unknown(on_all) => "runs",
        _ => return None,
    };
    let how = if on_promised.dies_of_instruction() {
        let which = on_promised.instruction.as_ref().map(|it| format!(", {it}"));
        format!("it dies of an illegal instruction (SIGILL){}", which.unwrap_or_default())
    } else {
        format!("it refuses to run{}", last_words(on_promised))
    };
    let which = match CpuModel::baseline(variant.platform) {
        Ok(baseline) if baseline == on_promised.cpu => {
            format!(", the oldest processor that {} promises,", variant.platform)
        }
        _ => ", which was asked for,".to_owned(),
    };
    let message =
        format!("on {}{which} {how}; on {} it {does}", on_promised.cpu.brief(), on_all.cpu.brief());
    let file = variant.files.first_name(&on_promised.program);
    let finding = match variant.files.get(&file) {
        Some(node) => Finding::of_file(Rule::RunIsaFault, variant, (&file, node), message),
        None => Finding::of_platform(Rule::RunIsaFault, variant.platform, message)
            .with_path(file.as_str()),
    };
    Some((finding.with_values(&on_promised.cpu, &on_all.cpu), on_all))
}

/// A run on a processor that has everything, made for what another one showed.
pub(super) fn is_second_opinion(
    variant: &Variant,
    run: &RunEvidence,
    runs: &[RunEvidence],
) -> bool {
    let is_first = runs.first().is_some_and(|it| std::ptr::eq(it, run));
    !is_first && run.cpu == CpuModel::newest(variant.platform)
}

/// What the file itself declares, and the run has shown: one finding, and no doubt any more. Gives the
/// rule that it goes by.
pub(super) fn join(finding: Finding, known: &mut Vec<Finding>) -> Rule {
    let declared = known.iter_mut().find(|it| {
        it.rule == Rule::ElfIsaTooNew && it.platform == finding.platform && it.path == finding.path
    });
    if let Some(declared) = declared {
        declared.severity = Severity::Error;
        declared.message = format!("{}: {}", declared.message, finding.message);
        return declared.rule;
    }
    let rule = finding.rule;
    known.push(finding);
    rule
}
