//! The front door: one subject through the whole pipeline, from `cargo test` as from the command line.

mod cleanup;
mod kept;
mod reaper;
mod report;
mod workplace;

pub use cleanup::Leftovers;
pub use kept::ContainerError;
use kept::{Guarded, Kept};
pub(crate) use reaper::{REAP, reap};
pub use report::{Report, VariantFacts, VariantReport};
pub use workplace::Workplace;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use thiserror::Error;

use crate::blocked::{Blocked, describe};
use crate::case::Timeout;
use crate::engine::Environment;
use crate::event::Events;
use crate::evidence::image::ImageFacts;
use crate::facts_cache::FactsCache;
use crate::folders::{FolderError, check_user_cache};
use crate::launch::Arguments;
use crate::observe::{BuiltImage, Options, PlatformChoice, RunnerChoice};
use crate::platform::{Platform, PlatformError};
use crate::run::SandboxRunner;
use crate::subject::{Subject, SubjectError, SubjectKind};
use crate::verdict::{Strictness, Verdict};
use crate::verify::verify as verify_subject;

/// Verifies a subject as the command line names it: `oci-archive:image.tar`, `registry:REF`, a folder
/// with a Dockerfile.
///
/// ```no_run
/// # async fn example() -> Result<(), archproof::HarnessError> {
/// let report = archproof::verify("oci-archive:image.tar").run_args(["version"]).await?;
/// report.assert_pass();
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn verify(subject: impl Into<String>) -> Harness {
    Harness::subject(subject)
}

/// What is to be verified, and how. Awaiting it verifies; [`blocking`](Self::blocking) does so where
/// nothing can be awaited, within a runtime too.
///
/// What is said here stands over what a case file says. Variants run in sandboxes unless
/// [`runner`](Self::runner) says otherwise: they need no engine, and no second program.
#[derive(Clone, Debug)]
pub struct Harness {
    subject: String,
    platforms: Vec<String>,
    arguments: Option<Vec<String>>,
    timeout: Option<Duration>,
    strictness: Strictness,
    options: Options,
}

impl Harness {
    /// A subject as the command line names it.
    #[must_use]
    pub fn subject(name: impl Into<String>) -> Self {
        let options = Options {
            facts: FactsCache::of_user(),
            sandbox: SandboxRunner::of_user(),
            ..Options::default()
        };
        let (platforms, arguments, timeout) = (Vec::new(), None, None);
        let strictness = Strictness::default();
        Self { subject: name.into(), platforms, arguments, timeout, strictness, options }
    }

    /// A folder with a `case.toml`, an `archproof.toml` or a Dockerfile, which is built.
    #[must_use]
    pub fn folder(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        // A relative one could be taken for an image.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self::subject(path.to_string_lossy())
    }

    /// These platforms, as `os/architecture[/variant]`, instead of the case's or all of the image's.
    #[must_use]
    pub fn platforms(mut self, platforms: impl IntoIterator<Item = impl ToString>) -> Self {
        self.platforms = platforms.into_iter().map(|it| it.to_string()).collect();
        self
    }

    /// The words that a run adds to the image's entrypoint, instead of `--help`.
    #[must_use]
    pub fn run_args(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments = Some(words.into_iter().map(Into::into).collect());
        self
    }

    /// How long a run may take: the time that it had a processor, or waited for anything else.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What runs the variants: sandboxes, and what those cannot show, the engine, unless this says
    /// otherwise.
    #[must_use]
    pub fn runner(mut self, runner: RunnerChoice) -> Self {
        self.options.runner = runner;
        self
    }

    /// Keeps an image that is built in the engine for as long as the report exists, for
    /// [`VariantReport::container`].
    #[must_use]
    pub fn keep_image(mut self) -> Self {
        self.options.built = BuiltImage::Kept;
        self
    }

    /// The stage to build, instead of the case's.
    #[must_use]
    pub fn target(mut self, stage: impl Into<String>) -> Self {
        self.options.target = Some(stage.into());
        self
    }

    /// A value for an ARG of the Dockerfile.
    #[must_use]
    pub fn build_arg(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.args.insert(name.into(), value.into());
        self
    }

    /// A named context of the build: a folder, or `docker-image://REF`.
    #[must_use]
    pub fn build_context(mut self, name: impl Into<String>, source: impl Into<String>) -> Self {
        self.options.contexts.insert(name.into(), source.into());
        self
    }

    /// Warnings fail, too.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strictness = Strictness::Strict;
        self
    }

    /// Builds or finds the image, reads, runs and judges it: to be awaited, or waited for.
    pub fn verify(self) -> Verify {
        Verify(self)
    }

    /// Builds or finds the image and reads it; nothing is run or judged. To be awaited, or waited for.
    pub fn inspect(self) -> Inspect {
        Inspect(self)
    }

    /// Verifies, and waits for it. May be called anywhere, in a test of tokio too.
    ///
    /// # Errors
    ///
    /// When it could not be found out whether the image is right.
    pub fn blocking(self) -> Result<Report, HarnessError> {
        self.verify().blocking()
    }

    /// What is to be done, with what is said here over what the case says.
    fn prepare(mut self) -> Result<(Subject, Options), HarnessError> {
        let platforms: Result<Vec<Platform>, _> =
            self.platforms.iter().map(|it| it.parse()).collect();
        let platforms = platforms?;
        if !platforms.is_empty() {
            self.options.platforms = PlatformChoice::These(platforms);
        }
        check_user_cache()?;
        let mut subject = Subject::find(&self.subject)?;
        let run = &mut subject.case_mut().run;
        if let Some(words) = self.arguments {
            run.arguments = Arguments::Given(words);
        }
        if let Some(timeout) = self.timeout {
            run.timeout = Timeout::new(timeout);
        }
        Ok((subject, self.options))
    }
}

/// Verifying a subject. That the image is wrong is no error: the report says so. An error is that it
/// could not be found out.
#[derive(Clone, Debug)]
#[must_use = "nothing is verified until it is awaited, or `blocking` is called"]
pub struct Verify(Harness);

/// Reading a subject's image.
#[derive(Clone, Debug)]
#[must_use = "nothing is read until it is awaited, or `blocking` is called"]
pub struct Inspect(Harness);

type Pending<T> = Pin<Box<dyn Future<Output = Result<T, HarnessError>> + Send>>;

impl Verify {
    /// Waits for it. May be called anywhere, in a test of tokio too.
    ///
    /// # Errors
    ///
    /// When it could not be found out whether the image is right.
    pub fn blocking(self) -> Result<Report, HarnessError> {
        block_on(self.into_future())
    }

    async fn run(self) -> Result<Report, HarnessError> {
        let strictness = self.0.strictness;
        let (subject, options) = self.0.prepare()?;
        let Guarded { reaper, mut workplace } = open(&subject).await?;
        let events = Events::ignored();
        let observer = workplace.observer(&options, &events);
        let verified = verify_subject(&observer, &subject, strictness).await;
        let is_kept = options.built == BuiltImage::Kept;
        let report = if is_kept && matches!(subject.kind(), SubjectKind::Build) {
            Report::new(verified, Some(Kept::new(Guarded { workplace, reaper })))
        } else {
            workplace.clean().await?;
            Report::new(verified, None)
        };
        match report.verdict() {
            Verdict::Blocked => Err(HarnessError::Blocked(Box::new(report))),
            Verdict::Pass | Verdict::Fail => Ok(report),
        }
    }
}

impl Inspect {
    /// Waits for it. May be called anywhere, in a test of tokio too.
    ///
    /// # Errors
    ///
    /// When the image cannot be built, found or read.
    pub fn blocking(self) -> Result<ImageFacts, HarnessError> {
        block_on(self.into_future())
    }

    async fn run(self) -> Result<ImageFacts, HarnessError> {
        let (subject, options) = self.0.prepare()?;
        let Guarded { reaper: _reaper, mut workplace } = open(&subject).await?;
        let events = Events::ignored();
        let facts = workplace.observer(&options, &events).facts(&subject).await;
        workplace.clean().await?;
        facts.map_err(HarnessError::Unreadable)
    }
}

impl IntoFuture for Verify {
    type Output = Result<Report, HarnessError>;
    type IntoFuture = Pending<Report>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl IntoFuture for Inspect {
    type Output = Result<ImageFacts, HarnessError>;
    type IntoFuture = Pending<ImageFacts>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl IntoFuture for Harness {
    type Output = Result<Report, HarnessError>;
    type IntoFuture = Pending<Report>;

    fn into_future(self) -> Self::IntoFuture {
        self.verify().into_future()
    }
}

async fn open(subject: &Subject) -> Result<Guarded, HarnessError> {
    let opened = async {
        let workplace = Workplace::open(Environment::of_process(), subject.engine_need()).await?;
        let reaper = workplace.guard()?;
        Ok(Guarded { workplace, reaper })
    };
    opened.await.map_err(HarnessError::Start)
}

/// Waits for a future on a thread of its own: this one may belong to a runtime, which does not let it
/// wait.
fn block_on<T: Send>(
    future: impl Future<Output = Result<T, HarnessError>> + Send,
) -> Result<T, HarnessError> {
    let runtime = runtime().map_err(HarnessError::Start)?;
    thread::scope(|scope| match scope.spawn(|| runtime.block_on(future)).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// One for all: what testcontainers connects to the engine with lives as long as the runtime that first
/// used it.
fn runtime() -> io::Result<&'static tokio::runtime::Runtime> {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// Why it could not be found out whether an image is right. What it displays says what to do.
#[derive(Error)]
#[non_exhaustive]
pub enum HarnessError {
    /// The subject's name stands for nothing, or its case file is wrong.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A platform that does not exist.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The folder that archproof keeps things in is not the user's own.
    #[error(transparent)]
    Cache(#[from] FolderError),
    /// The system lacks something.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// Some or all of it could not be verified.
    #[error("{0}")]
    Blocked(Box<Report>),
    /// The image could not be read.
    #[error("{}", .0.chain.join(": "))]
    Unreadable(Blocked),
    /// Something was left in the engine.
    #[error(transparent)]
    Leftovers(#[from] Leftovers),
}

/// As it is displayed, causes included: this is what `expect` and a test that fails show.
impl fmt::Debug for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}
