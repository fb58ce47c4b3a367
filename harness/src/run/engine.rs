//! The engine runner: a container for each variant, under the handlers of the engine's host.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::RunRequest;
use super::at_once::{Runs, run_all};
use super::container::{self, ContainerError};
use super::ended::{Circumstances, Ended};
use super::evidence::{Execution, RunEnd, RunEvidence, RunnerKind};
use super::image::Stored;
use super::session::Session;
use super::start::Start;
use crate::emulator::CpuModel;
use crate::engine::Engine;
use crate::event::{Event, Events};
use crate::inspect::ImageFacts;
use crate::oci::Digest;

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
            let fault = |it: Start| {
                let run = evidence(&it, CpuModel::Default, Ended::engine_fault(&error));
                (it.manifest, vec![run])
            };
            return starts.into_iter().map(fault).collect();
        }
        let (runner, timeout) = (Arc::new(self), request.timeout);
        run_all(starts, runner.engine.processors(), |running, start| {
            let (runner, events) = (Arc::clone(&runner), events.clone());
            running.spawn(async move { runner.run_one(start, timeout, &events).await });
        })
        .await
    }

    /// Runs a variant on the processor that its platform promises and, if that seems to lack an
    /// instruction, on one that has them all. The host's own processor is what it is.
    async fn run_one(&self, start: Start, timeout: Duration, events: &Events) -> Runs {
        let platform = start.platform;
        events.send(Event::RunStarted { platform });
        let promised = match (start.execution, CpuModel::baseline(platform)) {
            (Execution::Emulated, Ok(model)) => model,
            _ => CpuModel::Default,
        };
        let mut runs = vec![self.run_on(&start, promised.clone(), timeout).await];
        if matches!(runs[0].end, RunEnd::EmulatorFault { .. }) && promised != CpuModel::Default {
            // An old emulator may not know the model.
            runs = vec![self.run_on(&start, CpuModel::Default, timeout).await];
        }
        if let Some(newest) = runs[0].second_opinion(platform) {
            runs.push(self.run_on(&start, newest, timeout).await);
        }
        events.send(Event::RunFinished { platform, outcome: runs[0].end.to_string() });
        (start.manifest, runs)
    }

    async fn run_on(&self, start: &Start, cpu: CpuModel, timeout: Duration) -> RunEvidence {
        let attempt = self.attempt(start, &cpu, timeout);
        let ended = match tokio::time::timeout(timeout + ENGINE_PATIENCE, attempt).await {
            Ok(ended) => ended,
            Err(_) => Err(ContainerError::Silent(timeout + ENGINE_PATIENCE).into()),
        };
        let ended = ended.unwrap_or_else(|error| Ended::engine_fault(error.as_ref()));
        evidence(start, cpu, ended)
    }

    async fn attempt(
        &self,
        start: &Start,
        cpu: &CpuModel,
        timeout: Duration,
    ) -> Result<Ended, Box<dyn Error + Send + Sync>> {
        let image = self.stored.reference(&self.engine, start).await?;
        Ok(container::run(&self.engine, &self.session, start, cpu, image, timeout).await?)
    }
}

fn evidence(start: &Start, cpu: CpuModel, ended: Ended) -> RunEvidence {
    let (runner, execution) = (RunnerKind::Engine, start.execution);
    ended.into_evidence(start, Circumstances { runner, execution, cpu, emulator: String::new() })
}
