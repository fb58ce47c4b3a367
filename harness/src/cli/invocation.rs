//! What `verify` and `inspect` have in common: subjects, engine, progress, interruption.

use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use archproof::Workplace;
use archproof::blocked::describe;
use archproof::engine::{Endpoint, Environment};
use archproof::event::Events;
use archproof::facts_cache::FactsCache;
use archproof::folders::check_user_cache;
use archproof::observe::{Observer, Options, RunnerChoice};
use archproof::platform::{Platform, PlatformError};
use archproof::processor::Processors;
use archproof::report::{Screen, report_progress};
use archproof::subject::{EngineNeed, Subject};
use tokio::sync::mpsc;

use super::arguments::{ObservedArguments, SubjectArguments};
use super::exit::{Exit, complain};
use super::signals::interruption;

/// What the user asked for, ready to be done.
pub(super) struct Invocation {
    pub(super) subjects: Vec<Subject>,
    options: Options,
    environment: Environment,
}

impl Invocation {
    pub(super) fn new(
        subjects: Vec<Subject>,
        arguments: &ObservedArguments,
        runner: RunnerChoice,
        processors: Processors,
    ) -> Result<Self, Exit> {
        let default_platforms = default_platforms()?;
        let options = Options { processors, ..arguments.options(default_platforms, runner) };
        if options.facts != FactsCache::Off || runner != RunnerChoice::None {
            check_user_cache().map_err(|error| complain(&describe(&error)))?;
        }
        Ok(Self { subjects, options, environment: Environment::of_process() })
    }

    /// Does the work for every subject, one after the other. `Err` if there is nothing to show.
    pub(super) fn run<R>(
        &self,
        work: impl AsyncFn(&Observer<'_>, &Subject) -> R,
    ) -> Result<Vec<R>, Exit> {
        let need = self.subjects.iter().map(Subject::engine_need).max();
        let need = need.unwrap_or(EngineNeed::None);
        if need > EngineNeed::None {
            share_endpoint(&self.environment)?;
        }
        try_threads().map_err(|error| complain(&format!("cannot start: {}", describe(&error))))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| complain(&format!("cannot start: {}", describe(&error))))?;
        let done = runtime.block_on(self.run_until_interrupted(need, work));
        // A thread that still reads an image nobody wants is not waited for.
        runtime.shutdown_background();
        done
    }

    async fn run_until_interrupted<R>(
        &self,
        need: EngineNeed,
        work: impl AsyncFn(&Observer<'_>, &Subject) -> R,
    ) -> Result<Vec<R>, Exit> {
        let environment = self.environment.clone();
        let mut workplace = Workplace::open(environment, need)
            .await
            .map_err(|error| complain(&format!("cannot start: {}", describe(&error))))?;
        let done = tokio::select! {
            done = self.run_all(&workplace, work) => done,
            signal = interruption() => return Err(interrupted(signal, &mut workplace).await),
        };
        if let Err(leftovers) = workplace.clean().await {
            complain(&describe(&leftovers));
        }
        Ok(done)
    }

    async fn run_all<R>(
        &self,
        workplace: &Workplace,
        work: impl AsyncFn(&Observer<'_>, &Subject) -> R,
    ) -> Vec<R> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let events = Events::to(sender);
        let work = async {
            // The screen is done when the last sender is gone.
            let events = events;
            let observer = workplace.observer(&self.options, &events);
            let mut done = Vec::new();
            for subject in &self.subjects {
                done.push(work(&observer, subject).await);
            }
            done
        };
        let (done, ()) = tokio::join!(work, report_progress(screen(), receiver));
        done
    }
}

/// The subjects that the names stand for.
pub(super) fn subjects(arguments: &SubjectArguments) -> Result<Vec<Subject>, Exit> {
    let mut subjects = Vec::new();
    for name in &arguments.subjects {
        let found = Subject::find_all(name).map_err(|error| complain(&describe(&error)))?;
        subjects.extend(found);
    }
    Ok(subjects)
}

/// docker's own variable for it, a comma list.
pub(super) fn default_platforms() -> Result<Vec<Platform>, Exit> {
    let text = std::env::var("DOCKER_DEFAULT_PLATFORM").unwrap_or_default();
    let platforms = text.split(',').filter(|it| !it.is_empty()).map(str::parse);
    let platforms: Result<Vec<Platform>, PlatformError> = platforms.collect();
    platforms.map_err(|error| complain(&format!("DOCKER_DEFAULT_PLATFORM: {error}")))
}

/// testcontainers finds the engine by `DOCKER_HOST` alone: where a docker context leads elsewhere,
/// the program starts itself anew with the variable set.
fn share_endpoint(environment: &Environment) -> Result<(), Exit> {
    if environment.docker_host.is_some() {
        return Ok(());
    }
    // What is wrong with the environment is said where the engine is looked for.
    let (Ok(endpoint), Ok(program)) = (Endpoint::resolve(environment), std::env::current_exe())
    else {
        return Ok(());
    };
    let error = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env("DOCKER_HOST", endpoint.to_string())
        .exec();
    Err(complain(&format!("cannot start again with DOCKER_HOST={endpoint}: {error}")))
}

/// Whether there can be a thread for each core, which the runtime has, and one more for what blocks.
/// tokio waits for ever for a thread that it does not get.
fn try_threads() -> io::Result<()> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let waiting = Mutex::new(());
    thread::scope(|scope| {
        // All of them wait for this, and so exist at the same time.
        let turn = waiting.lock();
        let thread = |_| thread::Builder::new().spawn_scoped(scope, || drop(waiting.lock()));
        let threads = (0..=cores).map(thread).collect::<io::Result<Vec<_>>>();
        drop(turn);
        threads.map(drop)
    })
}

/// Logs and CI keep what a terminal would redraw.
fn screen() -> Screen {
    if io::stderr().is_terminal() && !is_in_ci() { Screen::Terminal } else { Screen::Log }
}

/// Whether nobody watches, by the variable that CI services set.
pub(super) fn is_in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|it| !it.is_empty() && it != "false" && it != "0")
}

async fn interrupted(signal: io::Result<&'static str>, workplace: &mut Workplace) -> Exit {
    let leftovers = workplace.clean_after_interruption().await;
    let signal = match signal {
        Ok(signal) => format!("interrupted by {signal}"),
        Err(error) => format!("cannot receive signals: {error}"),
    };
    let rest = match leftovers {
        Err(leftovers) => format!("; {leftovers}"),
        Ok(()) if workplace.has_engine() => "; nothing was left in the engine".to_owned(),
        Ok(()) => String::new(),
    };
    complain(&format!("{signal}: nothing was verified{rest}"))
}
