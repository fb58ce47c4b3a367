//! The engine runner: a container for each variant, under the handlers of the engine's host.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::container::{self, ContainerError, Ended};
use super::evidence::{CpuModel, Execution, Output, RunEnd, RunEvidence, RunnerKind};
use super::image::Stored;
use super::session::Session;
use super::start::{MachineFit, Start};
use crate::engine::Engine;
use crate::event::{Event, Events};
use crate::inspect::{Arguments, ImageFacts};
use crate::oci::Digest;

/// What every variant is asked to do.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The words after the entrypoint.
    pub arguments: Arguments,
    /// How long it may take.
    pub timeout: Duration,
}

/// Runs variants in one engine.
#[derive(Clone, Debug)]
pub struct EngineRunner {
    /// Where.
    pub engine: Engine,
    /// What it leaves there goes by this name.
    pub session: Session,
    /// Where the engine has it.
    pub stored: Stored,
}

/// How long the engine may take over a run beyond the program's own time.
const ENGINE_PATIENCE: Duration = Duration::from_secs(120);

impl EngineRunner {
    /// Runs every variant that can be started, as many at once as the engine's host has
    /// processors. Variants whose entrypoint leads nowhere are left out: that is known already.
    ///
    /// Each run is a task of its own: testcontainers can block the thread that drops a container,
    /// and with it every future of the same task.
    pub async fn run(
        self,
        facts: &ImageFacts,
        request: &RunRequest,
        events: &Events,
    ) -> BTreeMap<Digest, Vec<RunEvidence>> {
        let host = self.engine.platform();
        let start = |it| Start::of(it, &request.arguments, host);
        let starts: Vec<Start> = facts.variants.iter().filter_map(start).collect();
        if let Err(error) = self.stored.check(&self.engine, facts.digest).await {
            let fault = |it: Start| (it.manifest, vec![evidence(it, Ended::fault(&error))]);
            return starts.into_iter().map(fault).collect();
        }
        let mut waiting = starts.into_iter();
        let (runner, timeout) = (Arc::new(self), request.timeout);
        let mut running = JoinSet::new();
        let mut runs = BTreeMap::new();
        loop {
            let room = runner.engine.processors().saturating_sub(running.len());
            for start in waiting.by_ref().take(room) {
                let (runner, events) = (Arc::clone(&runner), events.clone());
                running.spawn(async move { runner.run_one(start, timeout, &events).await });
            }
            match running.join_next().await {
                None => return runs,
                Some(Ok((manifest, run))) => {
                    runs.insert(manifest, vec![run]);
                }
                // A run that is lost must not pass for one that nobody wanted.
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }

    async fn run_one(
        &self,
        start: Start,
        timeout: Duration,
        events: &Events,
    ) -> (Digest, RunEvidence) {
        let platform = start.platform;
        events.send(Event::RunStarted { platform });
        let attempt = self.attempt(&start, timeout);
        let ended = match tokio::time::timeout(timeout + ENGINE_PATIENCE, attempt).await {
            Ok(ended) => ended,
            Err(_) => Err(ContainerError::Silent(timeout + ENGINE_PATIENCE).into()),
        };
        let ended = ended.unwrap_or_else(|error| Ended::fault(error.as_ref()));
        events.send(Event::RunFinished { platform, outcome: ended.end.to_string() });
        (start.manifest, evidence(start, ended))
    }

    async fn attempt(
        &self,
        start: &Start,
        timeout: Duration,
    ) -> Result<Ended, Box<dyn Error + Send + Sync>> {
        let image = self.stored.reference(&self.engine, start).await?;
        Ok(container::run(&self.engine, &self.session, start, image, timeout).await?)
    }
}

fn evidence(start: Start, ended: Ended) -> RunEvidence {
    let end = match start.machine {
        MachineFit::Right => explain(ended.end, start.execution, &ended.stderr),
        // What keeps a program of the wrong machine from running is that.
        MachineFit::Wrong => ended.end,
    };
    RunEvidence {
        runner: RunnerKind::Engine,
        execution: start.execution,
        cpu: CpuModel::Default,
        command: start.command.words,
        entrypoint: start.entrypoint,
        program: start.program,
        end,
        stdout: ended.stdout,
        stderr: ended.stderr,
    }
}

/// The container's init reports in one line that the kernel found nobody to execute the program.
/// The program itself never ran, so nothing else can be on its standard error.
fn explain(end: RunEnd, execution: Execution, stderr: &Output) -> RunEnd {
    let line = stderr.text.trim();
    let refused = line.starts_with("exec ") && line.ends_with(": exec format error");
    let failed = matches!(end, RunEnd::Exited { code } if code != 0);
    if failed && refused && execution != Execution::Native { RunEnd::EmulatorMissing } else { end }
}
