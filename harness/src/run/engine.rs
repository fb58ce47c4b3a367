//! The engine runner: a container for each variant, under the handlers of the engine's host.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::RunRequest;
use super::at_once::run_all;
use super::container::{self, ContainerError, Executor};
use super::ended::{Circumstances, Ended};
use super::image::Stored;
use super::limits::{ENGINE_TIMEOUT, RUNS_TIMEOUT};
use super::policy::run_variant;
use super::provided::Provider;
use super::runner::Runner;
use super::session::Session;
use super::start::{Directness, MachineFit, Start};
use crate::emulator::Emulators;
use crate::engine::Engine;
use crate::event::Events;
use crate::evidence::image::{EntryNumber, ImageFacts};
use crate::evidence::run::{Execution, Instruction, RunEnd, RunEvidence, RunnerKind, Runs};
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

impl EngineRunner {
    /// Runs variants of what is stored in an engine. What is left there goes by the session's name;
    /// an emulator of this machine's is given to the engine where it has to execute programs of its
    /// own architecture.
    #[must_use]
    pub fn new(engine: Engine, session: Session, stored: Stored, emulators: Emulators) -> Self {
        Self { engine, session, stored, provider: Provider::new(emulators) }
    }

    /// Runs every variant of `wanted` that can be started, as many at once as the engine's host has
    /// processors, and says of every other of them why it is not run.
    ///
    /// Each run is a task of its own: testcontainers can block the thread that drops a container,
    /// and with it every future of the same task.
    pub async fn run(
        self,
        facts: &ImageFacts,
        wanted: &BTreeSet<EntryNumber>,
        request: &RunRequest,
        events: &Events,
    ) -> BTreeMap<EntryNumber, Runs> {
        let host = self.engine.platform();
        let (starts, mut runs) = Start::of_all(facts, &request.arguments, host);
        runs.retain(|entry, _| wanted.contains(entry));
        let starts = starts.into_iter().map(|it| it.1);
        let starts: Vec<Start> = starts.filter(|it| wanted.contains(&it.entry)).collect();
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
            running.spawn(async move {
                let requested = Requested { runner: &runner, request: &request };
                run_variant(&requested, start, &events).await
            });
        });
        runs.extend(made.await);
        runs
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

/// Runs what one request asks for.
struct Requested<'a> {
    runner: &'a EngineRunner,
    request: &'a RunRequest,
}

impl Runner for Requested<'_> {
    async fn promised(&self, start: &Start) -> Result<CpuModel, Box<RunEvidence>> {
        let (platform, processors) = (start.platform, &self.request.processors);
        let model = processors.of_platform(platform).unwrap_or(CpuModel::Default);
        let executor = self.runner.executor(start, model).await;
        if processors.has(platform) && executor.cpu() == &CpuModel::Default {
            let ended = Ended::nothing(RunEnd::EngineFault { message: NATIVE_ALONE.to_owned() });
            return Err(Box::new(evidence(start, &executor, ended)));
        }
        Ok(executor.cpu().clone())
    }

    async fn run(&self, start: &Start, cpu: &CpuModel) -> RunEvidence {
        let executor = self.runner.executor(start, cpu.clone()).await;
        let timeout = self.request.timeout;
        let attempt = self.runner.attempt(start, &executor, timeout);
        let longest = timeout.saturating_mul(PATIENCE).saturating_add(ENGINE_TIMEOUT);
        let ended = match tokio::time::timeout(longest, attempt).await {
            Ok(ended) => ended,
            Err(_) => Err(ContainerError::Silent(longest).into()),
        };
        let ended = ended.unwrap_or_else(|error| Ended::engine_fault(error.as_ref()));
        evidence(start, &executor, ended)
    }

    /// An old emulator may not know the model.
    fn after_fault(&self, start: &Start, _cpu: &CpuModel) -> Option<CpuModel> {
        let is_named = self.request.processors.has(start.platform);
        (!is_named).then_some(CpuModel::Default)
    }

    async fn instruction(&self, _start: &Start, _cpu: &CpuModel) -> Option<Instruction> {
        None
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
