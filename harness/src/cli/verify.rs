//! `archproof verify`.

use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use archproof::case::Subject;
use archproof::engine::{Endpoint, Engine, EngineError, Environment};
use archproof::event::Events;
use archproof::platform::{Platform, PlatformError};
use archproof::report::{
    Blocked, Outcome, Retry, Screen, Stage, SubjectReport, overall, report_progress, write_json,
    write_text,
};
use archproof::run::Session;
use archproof::verdict::Verdict;
use archproof::verify::{Options, Verifier};
use tokio::sync::mpsc;

use super::arguments::{Format, VerifyArguments};
use super::signals::interruption;
use super::{Exit, complain};

/// How long cleaning up may take after an interruption.
const CLEANING: Duration = Duration::from_secs(30);
/// How long the engine may take to finish a request whose client has gone.
const SETTLING: Duration = Duration::from_millis(500);

pub(super) fn verify(arguments: &VerifyArguments) -> Exit {
    let subjects: Result<Vec<Subject>, _> =
        arguments.subjects.iter().map(|it| Subject::find(it)).collect();
    let subjects = match subjects {
        Ok(subjects) => subjects,
        Err(error) => return complain(&error.to_string()),
    };
    let default_platforms = match default_platforms() {
        Ok(platforms) => platforms,
        Err(error) => return complain(&format!("DOCKER_DEFAULT_PLATFORM: {error}")),
    };
    let options = arguments.options(default_platforms);
    let environment = Environment::of_process();
    if let Some(exit) = share_endpoint(&environment) {
        return exit;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}")),
    };
    let exit = runtime.block_on(verify_until_interrupted(
        arguments.output,
        &options,
        &subjects,
        &environment,
    ));
    // A thread that still reads an image nobody wants is not waited for.
    runtime.shutdown_background();
    exit
}

/// docker's own variable for it, a comma list.
fn default_platforms() -> Result<Vec<Platform>, PlatformError> {
    let text = std::env::var("DOCKER_DEFAULT_PLATFORM").unwrap_or_default();
    text.split(',').filter(|it| !it.is_empty()).map(str::parse).collect()
}

/// testcontainers finds the engine by `DOCKER_HOST` alone: where a docker context leads elsewhere,
/// the program starts itself anew with the variable set. `None` if there is no need.
fn share_endpoint(environment: &Environment) -> Option<Exit> {
    if environment.docker_host.is_some() {
        return None;
    }
    // What is wrong with the environment is said where the engine is looked for.
    let endpoint = Endpoint::resolve(environment).ok()?;
    let program = std::env::current_exe().ok()?;
    let error = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env("DOCKER_HOST", endpoint.to_string())
        .exec();
    Some(complain(&format!("cannot start again with DOCKER_HOST={endpoint}: {error}")))
}

async fn verify_until_interrupted(
    format: Format,
    options: &Options,
    subjects: &[Subject],
    environment: &Environment,
) -> Exit {
    let session = match Session::new() {
        Ok(session) => session,
        Err(error) => return complain(&format!("cannot start: {error}")),
    };
    let engine = match Engine::connect(environment).await {
        Ok(engine) => engine,
        Err(error) => return without_engine(format, subjects, &error),
    };
    let reports = tokio::select! {
        reports = verify_all(options, subjects, &engine, &session) => reports,
        signal = interruption() => {
            return interrupted(signal, &engine, &session).await;
        }
    };
    let leftovers = clean(&engine, &session).await;
    let exit = show(format, &reports);
    match leftovers {
        None => exit,
        Some(message) => {
            complain(&message);
            exit
        }
    }
}

async fn verify_all(
    options: &Options,
    subjects: &[Subject],
    engine: &Engine,
    session: &Session,
) -> Vec<SubjectReport> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let events = Events::to(sender);
    let work = async {
        // The screen is done when the last sender is gone.
        let events = events;
        let verifier = Verifier { engine, session, options, events: &events };
        let mut reports = Vec::new();
        for subject in subjects {
            reports.push(verifier.verify(subject).await.report);
        }
        reports
    };
    let (reports, ()) = tokio::join!(work, report_progress(screen(), receiver));
    reports
}

/// Logs and CI keep what a terminal would redraw.
fn screen() -> Screen {
    let in_ci = std::env::var_os("CI").is_some_and(|it| !it.is_empty() && it != "false");
    if io::stderr().is_terminal() && !in_ci { Screen::Terminal } else { Screen::Log }
}

fn without_engine(format: Format, subjects: &[Subject], error: &EngineError) -> Exit {
    let retry = if error.is_retryable() { Retry::Sensible } else { Retry::Useless };
    let blocked = Blocked::new(Stage::Engine, error, retry);
    if format == Format::Text {
        return complain(&blocked.chain.join(": "));
    }
    let report = |subject: &Subject| SubjectReport {
        subject: subject.name().to_owned(),
        summary: subject.case().summary.clone(),
        outcome: Outcome::Blocked(blocked.clone()),
    };
    let reports: Vec<SubjectReport> = subjects.iter().map(report).collect();
    show(format, &reports)
}

async fn interrupted(signal: io::Result<&'static str>, engine: &Engine, session: &Session) -> Exit {
    // What the engine was just asked to make may come into being after the first look.
    let _ = clean(engine, session).await;
    tokio::time::sleep(SETTLING).await;
    let leftovers = clean(engine, session).await;
    let signal = match signal {
        Ok(signal) => format!("interrupted by {signal}"),
        Err(error) => format!("cannot receive signals: {error}"),
    };
    let rest = leftovers.unwrap_or_else(|| "nothing was left behind".to_owned());
    complain(&format!("{signal}: nothing was verified; {rest}"))
}

/// Takes everything of this invocation out of the engine; says what could not be.
async fn clean(engine: &Engine, session: &Session) -> Option<String> {
    let why = match tokio::time::timeout(CLEANING, session.clean(engine)).await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the engine did not answer within {} s", CLEANING.as_secs()),
    };
    Some(format!("the engine may still hold containers with the label {}: {why}", session.filter()))
}

fn show(format: Format, reports: &[SubjectReport]) -> Exit {
    let mut to = anstream::stdout().lock();
    let written = match format {
        Format::Json => write_json(reports, &mut to),
        Format::Text => reports.iter().try_for_each(|it| write_text(it, &mut to)),
    };
    if let Err(error) = written {
        return complain(&format!("cannot write the report: {error}"));
    }
    match overall(reports) {
        Verdict::Pass => Exit::Pass,
        Verdict::Fail => Exit::Findings,
        Verdict::Blocked => Exit::Unverified,
    }
}
