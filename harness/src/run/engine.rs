//! The engine runner: a container for each variant, under the handlers of the engine's host.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::RunRequest;
use super::at_once::{EntryRuns, RUNS_TIMEOUT, run_all};
use super::container::{self, ContainerError, Executor};
use super::ended::{Circumstances, Ended};
use super::image::Stored;
use super::policy::second_opinion;
use super::provided::Provider;
use super::session::Session;
use super::start::{Directness, MachineFit, Start};
use crate::emulator::Emulators;
use crate::engine::Engine;
use crate::event::{Event, Events};
use crate::evidence::image::{EntryNumber, ImageFacts};
use crate::evidence::run::{Execution, RunEnd, RunEvidence, RunnerKind, Runs};
use crate::processor::CpuModel;
use crate::sandbox::PATIENCE;

/// Runs variants in one engine.
#[derive(Clone, Debug)]
pub struct EngineRunner {
    engine: Engine,
    session: Session,
    stored: Stored,
    provider: Provider,
}

/// Why a program is not run on a processor that was named.
const NATIVE_ALONE: &str = "its host's processor executes what is behind a script or an init, and \
    everything where there is no static emulator; --runner sandbox runs it on the one that was named";

/// How long the engine may take over a run beyond the time that the program may take by the clock.
const ENGINE_PATIENCE: Duration = Duration::from_mins(2);

impl EngineRunner {
    /// Runs variants of what is stored in an engine. What is left there goes by the session's name;
    /// an emulator of this machine's is given to the engine where it has to execute programs of its
    /// own architecture.
    #[must_use]
    pub fn new(engine: Engine, session: Session, stored: Stored, emulators: Emulators) -> Self {
        Self { engine, session, stored, provider: Provider::of(emulators) }
    }

    /// Runs every variant that can be started, as many at once as the engine's host has
    /// processors, and says of every other why it is not run.
    ///
    /// Each run is a task of its own: testcontainers can block the thread that drops a container,
    /// and with it every future of the same task.
    pub async fn run(
        self,
        facts: &ImageFacts,
        request: &RunRequest,
        events: &Events,
    ) -> BTreeMap<EntryNumber, Runs> {
        let host = self.engine.platform();
        let (starts, mut runs) = Start::of_all(facts, &request.arguments, host);
        let starts: Vec<Start> = starts.into_iter().map(|it| it.1).collect();
        if let Err(error) = self.stored.check(&self.engine, facts.digest).await {
            let fault = |it: Start| {
                let kernel = Executor::Kernel(CpuModel::Default);
                let run = evidence(&it, &kernel, Ended::engine_fault(&error));
                (it.entry, Ok(vec![run]))
            };
            runs.extend(starts.into_iter().map(fault));
            return runs;
        }
        let (runner, request) = (Arc::new(self), Arc::new(request.clone()));
        let starts = starts.into_iter().map(|it| (it.entry, it)).collect();
        let most = runner.engine.processors();
        let made = run_all(starts, most, RUNS_TIMEOUT, |running, start| {
            let (runner, request) = (Arc::clone(&runner), Arc::clone(&request));
            let events = events.clone();
            running.spawn(async move { runner.run_one(start, &request, &events).await });
        });
        runs.extend(made.await);
        runs
    }

    /// Runs a variant on the processor that was named, or that its platform promises, and, if that
    /// seems to lack an instruction, on one that has them all.
    async fn run_one(&self, mut start: Start, request: &RunRequest, events: &Events) -> EntryRuns {
        let (platform, timeout) = (start.platform, request.timeout);
        events.send(Event::RunStarted { platform });
        let model = request.processors.of_platform(platform).unwrap_or(CpuModel::Default);
        let promised = self.executor(&start, model).await;
        let is_named = request.processors.has(platform);
        if is_named && promised.cpu() == &CpuModel::Default {
            let ended = Ended::nothing(RunEnd::EngineFault { message: NATIVE_ALONE.to_owned() });
            events.send(Event::RunFinished { platform, outcome: ended.end.to_string() });
            return (start.entry, vec![evidence(&start, &promised, ended)]);
        }
        let mut runs = vec![self.run_on(&start, &promised, timeout).await];
        let is_faulty = matches!(runs[0].end, RunEnd::EmulatorFault { .. });
        if is_faulty && !is_named {
            // An old emulator may not know the model.
            let kernel = Executor::Kernel(CpuModel::Default);
            runs = vec![self.run_on(&start, &kernel, timeout).await];
        }
        if let Some(instead) = start.instead_of(&runs[0]) {
            start = instead;
            runs = vec![self.run_on(&start, &promised, timeout).await];
        }
        if let Some(newest) = second_opinion(&runs[0], platform) {
            let newest = self.executor(&start, newest).await;
            runs.push(self.run_on(&start, &newest, timeout).await);
        }
        events.send(Event::RunFinished { platform, outcome: runs[0].end.to_string() });
        (start.entry, runs)
    }

    /// What executes a variant's program on a processor. The host's own processor is what it is:
    /// what it would execute is given to an emulator, as far as the kernel does not start more.
    async fn executor(&self, start: &Start, cpu: CpuModel) -> Executor {
        let is_right = start.machine == MachineFit::Right && start.directness == Directness::Direct;
        match start.execution {
            Execution::Emulated => Executor::Kernel(cpu),
            Execution::Native | Execution::Unknown if is_right && cpu != CpuModel::Default => {
                let at = (&self.engine, &self.session);
                let Ok(image) = self.stored.reference(&self.engine, start).await else {
                    return Executor::Kernel(CpuModel::Default);
                };
                match self.provider.provide(at, start.platform, &image).await {
                    Some(provided) => Executor::Emulator(provided, cpu),
                    None => Executor::Kernel(CpuModel::Default),
                }
            }
            Execution::Native | Execution::Unknown => Executor::Kernel(CpuModel::Default),
        }
    }

    async fn run_on(&self, start: &Start, executor: &Executor, timeout: Duration) -> RunEvidence {
        let attempt = self.attempt(start, executor, timeout);
        let longest = timeout.saturating_mul(PATIENCE).saturating_add(ENGINE_PATIENCE);
        let ended = match tokio::time::timeout(longest, attempt).await {
            Ok(ended) => ended,
            Err(_) => Err(ContainerError::Silent(longest).into()),
        };
        let ended = ended.unwrap_or_else(|error| Ended::engine_fault(error.as_ref()));
        evidence(start, executor, ended)
    }

    async fn attempt(
        &self,
        start: &Start,
        executor: &Executor,
        timeout: Duration,
    ) -> Result<Ended, Box<dyn Error + Send + Sync>> {
        let image = self.stored.reference(&self.engine, start).await?;
        Ok(container::run(&self.engine, &self.session, start, executor, image, timeout).await?)
    }
}

fn evidence(start: &Start, executor: &Executor, ended: Ended) -> RunEvidence {
    let (execution, emulator) = match executor {
        Executor::Kernel(_) => (start.execution, String::new()),
        Executor::Emulator(provided, _) => (Execution::Emulated, provided.version.clone()),
    };
    let cpu = executor.cpu().clone();
    ended.into_evidence(
        start,
        Circumstances { runner: RunnerKind::Engine, execution, cpu, emulator },
    )
}
