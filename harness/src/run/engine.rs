//! The engine runner: a container for each variant, under the handlers of the engine's host.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::container::{self, Ended};
use super::evidence::{CpuModel, Execution, Output, RunEnd, RunEvidence, RunnerKind};
use super::execution::execution;
use super::image::Stored;
use super::session::Session;
use crate::engine::Engine;
use crate::error_chain::error_chain;
use crate::event::{Event, Events};
use crate::inspect::{Account, Arguments, Command, ImageFacts, Launch, Variant};
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
#[derive(Clone, Copy, Debug)]
pub struct EngineRunner<'a> {
    /// Where.
    pub engine: &'a Engine,
    /// What it leaves there goes by this name.
    pub session: &'a Session,
    /// Where the engine has it.
    pub stored: &'a Stored,
}

impl EngineRunner<'_> {
    /// Runs every variant that can be started, as many at once as the engine's host has
    /// processors. Variants whose entrypoint leads nowhere are left out: that is known already.
    pub async fn run(
        &self,
        facts: &ImageFacts,
        request: &RunRequest,
        events: &Events,
    ) -> BTreeMap<Digest, Vec<RunEvidence>> {
        let starts: Vec<Start<'_>> =
            facts.variants.iter().filter_map(|it| Start::of(it, &request.arguments)).collect();
        stream::iter(starts)
            .map(|start| async move {
                let platform = start.variant.platform;
                events.send(Event::RunStarted { platform });
                let run = self.run_one(facts.digest, &start, request.timeout).await;
                events.send(Event::RunFinished { platform, outcome: run.end.to_string() });
                (start.variant.digest, vec![run])
            })
            .buffer_unordered(self.engine.processors())
            .collect()
            .await
    }

    async fn run_one(&self, index: Digest, start: &Start<'_>, timeout: Duration) -> RunEvidence {
        let program = start.launch.program.1;
        let execution = execution(self.engine.platform(), program);
        let ended = self.attempt(index, start, timeout).await.unwrap_or_else(|error| Ended {
            end: RunEnd::EngineFault { message: error_chain(error.as_ref()).join(": ") },
            stdout: Output::default(),
            stderr: Output::default(),
        });
        RunEvidence {
            runner: RunnerKind::Engine,
            execution,
            cpu: CpuModel::Default,
            command: start.command.words.clone(),
            entrypoint: start.launch.path.clone(),
            program: start.launch.program.0.clone(),
            end: if program.target() == start.variant.platform.elf_target() {
                explain(ended.end, execution, &ended.stderr)
            } else {
                // What keeps a program of the wrong machine from running is that.
                ended.end
            },
            stdout: ended.stdout,
            stderr: ended.stderr,
        }
    }

    async fn attempt(
        &self,
        index: Digest,
        start: &Start<'_>,
        timeout: Duration,
    ) -> Result<Ended, Box<dyn Error + Send + Sync>> {
        let image = self.stored.reference(self.engine, index, start.variant).await?;
        let task = (&start.command, timeout);
        Ok(container::run(self.engine, self.session, start.variant, image, task).await?)
    }
}

/// A variant that the kernel can start.
struct Start<'a> {
    variant: &'a Variant,
    command: Command,
    launch: Launch<'a>,
}

impl<'a> Start<'a> {
    fn of(variant: &'a Variant, arguments: &Arguments) -> Option<Self> {
        let account = Account::resolve(&variant.files, &variant.config.user).ok()?;
        let command = Command::of(&variant.config, arguments).ok()?;
        let launch = Launch::trace(&variant.files, &variant.config, &command, account).ok()?;
        Some(Self { variant, command, launch })
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
