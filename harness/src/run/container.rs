//! One container: started so that it can do no harm, watched, and taken away.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard::container::LogOutput;
use bollard::models::{HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{
    InspectContainerOptionsBuilder, KillContainerOptionsBuilder, LogsOptionsBuilder,
    WaitContainerOptions,
};
use futures_util::StreamExt;
use testcontainers::core::{AccessMode, ImageExt, Mount};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerRequest, GenericImage};

use super::capture::Beginning;
use super::ended::Ended;
use super::first_process::insists_on_being_first;
use super::image::Reference;
use super::limits::{CONTAINER_START_TIMEOUT, DISK, MEMORY, OUTPUT_TIMEOUT, PROCESSES};
use super::provided::{FOLDER, Provided};
use super::session::{Session, remove_container};
use super::start::Start;
use super::usage::usage;
use crate::engine::Engine;
use crate::evidence::run::{Execution, Output, RunEnd, SignalCause};
use crate::processor::CpuModel;
use crate::sandbox::Clock;

/// The number of the signal that ends a container.
const SIGKILL: i64 = 9;

/// How often it is looked at what a container uses.
const TICK: Duration = Duration::from_secs(1);
/// How often at most, where the time is nearly over.
const SHORTEST_TICK: Duration = Duration::from_millis(100);
/// What root needs to prepare its files and go on as another user, as entrypoints do. Other users get
/// none of it.
///
/// Source: `capabilities(7)`.
const STEPPING_DOWN: [&str; 8] =
    ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETPCAP", "SETUID"];

/// Why the engine could not run a container.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContainerError {
    #[error("the container could not be started")]
    Start(#[source] testcontainers::TestcontainersError),
    #[error("the engine lost the container")]
    Lost(#[source] bollard::errors::Error),
    #[error("the engine did not answer within {} s", .0.as_secs())]
    Silent(Duration),
}

/// What executes a program, and on which processor.
#[derive(Clone, Debug)]
pub(super) enum Executor {
    /// Whatever the kernel of the engine's host takes for it.
    Kernel(CpuModel),
    /// An emulator that the engine was given.
    Emulator(Provided, CpuModel),
}

/// Runs a variant to its end, or to the end of its time. The container is removed in any case; a
/// dropped future leaves it to the session.
pub(super) async fn run(
    engine: &Engine,
    session: &Session,
    start: &Start,
    executor: &Executor,
    image: Reference,
    timeout: Duration,
) -> Result<Ended, ContainerError> {
    let first = FirstProcess::new(start, executor);
    let name = session.container_name(start.entry, start.manifest);
    let request = |first| request(session, start, (executor, first), image.clone());
    let is_init = first == FirstProcess::Init;
    match attempt(engine, &name, request(first), timeout).await {
        // Engines may come without the program that is an init.
        Err(ContainerError::Start(error)) if error.to_string().contains("docker-init") => {
            attempt(engine, &name, request(FirstProcess::Program), timeout).await
        }
        // And programs may be an init, which has to be the first.
        Ok(ended)
            if is_init && insists_on_being_first(&ended.end, [&ended.stderr, &ended.stdout]) =>
        {
            attempt(engine, &name, request(FirstProcess::Program), timeout).await
        }
        other => other,
    }
}

async fn attempt(
    engine: &Engine,
    name: &str,
    request: ContainerRequest<GenericImage>,
    timeout: Duration,
) -> Result<Ended, ContainerError> {
    let request = request.with_container_name(name);
    let result = match tokio::time::timeout(CONTAINER_START_TIMEOUT, request.start()).await {
        Ok(Ok(container)) => {
            let id = container.id().to_owned();
            // Its drop blocks the thread until the container is removed. That is done below, for
            // containers too whose start failed, which testcontainers leaves behind.
            std::mem::forget(container);
            watch(engine, &id, timeout).await
        }
        Ok(Err(error)) => Err(ContainerError::Start(error)),
        Err(_) => Err(ContainerError::Silent(CONTAINER_START_TIMEOUT)),
    };
    let removed = remove_container(engine, name).await;
    let ended = result?;
    removed.map_err(ContainerError::Lost)?;
    Ok(ended)
}

fn request(
    session: &Session,
    start: &Start,
    (executor, first): (&Executor, FirstProcess),
    image: Reference,
) -> ContainerRequest<GenericImage> {
    let (label, value) = session.label();
    let source = GenericImage::new(image.name, image.tag);
    let request = match executor {
        Executor::Kernel(_) => {
            let (entrypoint, words) = start.container_command();
            let source = match entrypoint {
                Some(entrypoint) => source.with_entrypoint(entrypoint),
                None => source,
            };
            source.with_cmd(words.iter().cloned())
        }
        Executor::Emulator(provided, _) => {
            let folder = Mount::volume_mount(&provided.volume, FOLDER);
            source
                .with_entrypoint(&Provided::path())
                .with_cmd(start.emulated_words())
                .with_mount(folder.with_access_mode(AccessMode::ReadOnly))
        }
    };
    let request = request
        .with_platform(start.platform.to_string())
        .with_label(label, value)
        .with_security_opt("no-new-privileges=true")
        .with_ulimit("core", 0, Some(0))
        .with_ulimit("fsize", DISK.cast_signed(), Some(DISK.cast_signed()))
        .with_host_config_modifier(move |config| confine(config, first));
    match executor.cpu() {
        CpuModel::Default => request,
        // QEMU reads it, whoever starts it.
        CpuModel::Named(name) => request.with_env_var("QEMU_CPU", name),
    }
}

impl Executor {
    pub(super) const fn cpu(&self) -> &CpuModel {
        match self {
            Self::Kernel(cpu) | Self::Emulator(_, cpu) => cpu,
        }
    }
}

/// Who is the first process of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FirstProcess {
    /// The program itself.
    Program,
    /// The engine's init, which starts the program.
    Init,
}

impl FirstProcess {
    /// QEMU ends of a program's deadly signal by sending it to itself. The kernel keeps such signals
    /// from a first process, and it would hang.
    fn new(start: &Start, executor: &Executor) -> Self {
        match executor {
            Executor::Kernel(_) if start.execution == Execution::Native => Self::Program,
            _ => Self::Init,
        }
    }
}

fn confine(config: &mut HostConfig, first: FirstProcess) {
    config.init = Some(first == FirstProcess::Init);
    config.cap_drop = Some(vec!["ALL".to_owned()]);
    config.cap_add = Some(STEPPING_DOWN.map(str::to_owned).into());
    config.network_mode = Some("none".to_owned());
    config.publish_all_ports = Some(false);
    config.memory = Some(MEMORY.cast_signed());
    config.memory_swap = Some(MEMORY.cast_signed());
    config.pids_limit = Some(PROCESSES.cast_signed());
    // No limit on processors: one that spins leaves the others their share, and an emulator's own
    // threads would be throttled by it.
    // Who prints without end must not fill the engine's disk.
    config.log_config = Some(HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some(HashMap::from([
            ("max-size".to_owned(), "1m".to_owned()),
            ("max-file".to_owned(), "2".to_owned()),
        ])),
    });
}

async fn watch(engine: &Engine, id: &str, timeout: Duration) -> Result<Ended, ContainerError> {
    let mut capture = Capture::new();
    let ended = {
        let ended = until_end(engine, id, timeout);
        tokio::pin!(ended);
        let output = capture.follow(engine, id);
        tokio::pin!(output);
        tokio::select! {
            ended = &mut ended => {
                let ended = ended?;
                if ended != Watched::Ended {
                    kill(engine, id).await?;
                }
                // What was printed before the end may still be on its way.
                let _ = tokio::time::timeout(OUTPUT_TIMEOUT, output).await;
                ended
            }
            // All output is there, or the engine is not; the end decides which.
            _ = &mut output => {
                let ended = ended.await?;
                if ended != Watched::Ended {
                    kill(engine, id).await?;
                }
                ended
            }
        }
    };
    let end = match ended {
        Watched::TookTooLong => RunEnd::timed_out(timeout),
        Watched::WroteTooMuch => {
            RunEnd::Signalled { signal: SIGKILL, cause: SignalCause::DiskLimit }
        }
        // A code other than 0 arrives as an error of bollard's; the container knows more.
        Watched::Ended => end_of(engine, id).await?,
    };
    let (stdout, stderr) = capture.finish();
    Ok(Ended { end, foreign: Vec::new(), stdout, stderr })
}

/// Why nobody waits for a container any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Ended,
    TookTooLong,
    WroteTooMuch,
}

async fn until_end(
    engine: &Engine,
    id: &str,
    timeout: Duration,
) -> Result<Watched, ContainerError> {
    let mut wait = engine.docker().wait_container(id, None::<WaitContainerOptions>);
    let mut clock = Clock::new(Instant::now());
    loop {
        let tick = clock.left(timeout).clamp(SHORTEST_TICK, TICK);
        if tokio::time::timeout(tick, wait.next()).await.is_ok() {
            return Ok(Watched::Ended);
        }
        let (written, usage) = tokio::join!(written(engine, id), usage(engine, id));
        if clock.is_over(Instant::now(), usage, timeout) {
            return Ok(Watched::TookTooLong);
        }
        if written? > DISK {
            return Ok(Watched::WroteTooMuch);
        }
    }
}

/// What a container has written to its root filesystem, in bytes.
async fn written(engine: &Engine, id: &str) -> Result<u64, ContainerError> {
    let options = InspectContainerOptionsBuilder::new().size(true).build();
    let container = engine.docker().inspect_container(id, Some(options)).await;
    let size = container.map_err(ContainerError::Lost)?.size_rw.unwrap_or_default();
    Ok(u64::try_from(size).unwrap_or_default())
}

async fn kill(engine: &Engine, id: &str) -> Result<(), ContainerError> {
    let options = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
    match engine.docker().kill_container(id, Some(options)).await {
        // 409: it has just ended by itself.
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
        other => other.map_err(ContainerError::Lost),
    }
}

async fn end_of(engine: &Engine, id: &str) -> Result<RunEnd, ContainerError> {
    let container =
        engine.docker().inspect_container(id, None).await.map_err(ContainerError::Lost)?;
    let state = container.state.unwrap_or_default();
    let code = state.exit_code.unwrap_or_default();
    let cause = if state.oom_killed == Some(true) {
        SignalCause::MemoryLimit
    } else {
        SignalCause::Program
    };
    Ok(RunEnd::of_status(code, cause))
}

/// The beginnings of both streams.
struct Capture {
    stdout: Beginning,
    stderr: Beginning,
}

impl Capture {
    const fn new() -> Self {
        Self { stdout: Beginning::within(Output::LIMIT), stderr: Beginning::within(Output::LIMIT) }
    }

    async fn follow(&mut self, engine: &Engine, id: &str) -> Result<(), bollard::errors::Error> {
        let options = LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).build();
        let mut logs = engine.docker().logs(id, Some(options));
        while let Some(message) = logs.next().await {
            match message? {
                LogOutput::StdOut { message } | LogOutput::Console { message } => {
                    self.stdout.push(&message);
                }
                LogOutput::StdErr { message } => self.stderr.push(&message),
                LogOutput::StdIn { .. } => {}
            }
        }
        Ok(())
    }

    fn finish(mut self) -> (Output, Output) {
        (self.stdout.take(), self.stderr.take())
    }
}
