//! How a variant is run, whoever runs it: on the processor that was named or promised, again where
//! that says nothing, and on the newest where it seems to lack an instruction.

use super::at_once::EntryRuns;
use super::runner::Runner;
use super::start::Start;
use crate::event::{Event, Events};
use crate::evidence::run::{RunEnd, RunEvidence};
use crate::platform::Platform;
use crate::processor::CpuModel;

/// Runs a variant as often as it takes. The run on the promised processor comes first.
pub(super) async fn run_variant(runner: &impl Runner, start: Start, events: &Events) -> EntryRuns {
    let (entry, platform) = (start.entry, start.platform);
    events.send(Event::RunStarted { platform });
    let runs = match runner.promised(&start).await {
        Ok(cpu) => runs_on(runner, start, &cpu).await,
        Err(evidence) => vec![*evidence],
    };
    let outcome = runs.first().map(|it| it.end.to_string()).unwrap_or_default();
    events.send(Event::RunFinished { platform, outcome });
    (entry, runs)
}

async fn runs_on(runner: &impl Runner, mut start: Start, cpu: &CpuModel) -> Vec<RunEvidence> {
    let platform = start.platform;
    let mut run = runner.run(&start, cpu).await;
    if matches!(run.end, RunEnd::EmulatorFault { .. })
        && let Some(other) = runner.after_fault(&start, cpu)
    {
        run = runner.run(&start, &other).await;
    }
    if let Some(instead) = start.instead_of(&run) {
        start = instead;
        run = runner.run(&start, cpu).await;
    }
    let Some(newest) = second_opinion(&run, platform) else { return vec![run] };
    if run.dies_of_instruction() {
        run.instruction = runner.instruction(&start, cpu).await;
    }
    let on_newest = runner.run(&start, &newest).await;
    vec![run, on_newest]
}

/// The processor that has every instruction there is, if a program's end may be that its own lacks
/// one.
fn second_opinion(run: &RunEvidence, platform: Platform) -> Option<CpuModel> {
    let newest = CpuModel::newest(platform);
    let has_less = run.cpu != CpuModel::Default && run.cpu != newest;
    (has_less && run.suggests_isa_fault()).then_some(newest)
}
