//! Why a build failed, and whose fault it is.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::dockerfile::Recipe;
use crate::engine::EngineError;
use crate::event::{StepLabel, StepPlatform};
use crate::platform::Platform;
use crate::source::{CredentialsError, HUB, Reference};

use super::fault::Fault;
use crate::evidence::build::{Basis, BuildTrace, BuilderChecks};

/// A build that failed.
#[derive(Debug, Error)]
#[error("cannot build {}", dockerfile.display())]
pub struct BuildError {
    dockerfile: PathBuf,
    recipe: Box<Recipe>,
    #[source]
    kind: BuildErrorKind,
    progress: Progress,
}

/// How far a build came.
#[derive(Debug)]
enum Progress {
    /// Nothing was handed to the engine, or it refused before the first step.
    None,
    /// What was done, by the names of the steps.
    Some(Box<BuildTrace>),
}

/// A failure on its way to the caller.
#[derive(Debug)]
pub(super) struct Failure {
    kind: BuildErrorKind,
    progress: Progress,
}

impl Failure {
    /// One of a build that has begun.
    pub(super) fn after(trace: BuildTrace, kind: BuildErrorKind) -> Self {
        Self { kind, progress: Progress::Some(Box::new(trace)) }
    }

    /// Whether a base image could not be pulled.
    pub(super) fn is_of_base(&self) -> bool {
        matches!(
            self.kind,
            BuildErrorKind::BaseUnknown { .. }
                | BuildErrorKind::BaseDenied { .. }
                | BuildErrorKind::BaseUnavailable { .. }
        )
    }
}

impl<T: Into<BuildErrorKind>> From<T> for Failure {
    fn from(kind: T) -> Self {
        Self { kind: kind.into(), progress: Progress::None }
    }
}

/// Why it failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildErrorKind {
    /// The plan names no platform.
    #[error("no platform was requested")]
    NoPlatform,
    /// The plan names a platform twice.
    #[error("the platform {0} was requested twice")]
    PlatformTwice(Platform),
    /// A file or folder that the plan names is not there.
    #[error("cannot read {what} {}", path.display())]
    Input {
        /// Which one.
        what: Input,
        /// Where it should be.
        path: PathBuf,
        /// Why it cannot be read.
        #[source]
        cause: io::Error,
    },
    /// A named context of a kind that cannot be passed on.
    #[error(
        "the context `{name}` is `{value}`, \
         supported are docker-image://, https://, git and local folders"
    )]
    UnsupportedContext {
        /// Its name.
        name: String,
        /// What it is.
        value: String,
    },
    /// The image would have no layer, and this engine would refuse to export it or not survive it.
    #[error(
        "the image has no layer: its stage is FROM scratch and adds no file. \
         It was not built, for this engine cannot export it; Docker before 28.3 crashes on it \
         (https://github.com/moby/buildkit/issues/5993)"
    )]
    NoLayer,
    /// The classic image store gives images away only by name.
    #[error(
        "the engine's classic image store exports only what it keeps, \
         and no name to keep it under was given"
    )]
    StoreNeedsName,
    /// What the classic image store gave away cannot be used.
    #[error("the engine's classic image store exports no OCI layout: Docker 25 or later is needed")]
    StoreTooOld,
    /// The engine's image store failed.
    #[error("the engine's image store cannot export the image")]
    Store(#[source] bollard::errors::Error),
    /// The engine cannot be reached.
    #[error(transparent)]
    Engine(EngineError),
    /// The connection to the engine broke while it built.
    #[error("the engine was lost during the build: {message}")]
    EngineLost {
        /// What was seen of it.
        message: String,
    },
    /// A file of a context cannot be sent.
    #[error("cannot send {} to the engine", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        #[source]
        cause: io::Error,
    },
    /// The result cannot be written.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The archive.
        path: PathBuf,
        /// Why it cannot be written.
        #[source]
        cause: io::Error,
    },
    /// The Dockerfile makes no sense.
    #[error("{message}{excerpt}")]
    Dockerfile {
        /// BuildKit's words.
        message: String,
        /// The lines at fault.
        excerpt: SourceExcerpt,
    },
    /// A base image exists, but not for a platform.
    #[error("the base image {base} does not exist for {}{excerpt}", list(platforms))]
    BasePlatformMissing {
        /// The image.
        base: String,
        /// The platform that it lacks, or all that were asked for where BuildKit does not say.
        platforms: Vec<Platform>,
        /// The `FROM` that names it.
        excerpt: SourceExcerpt,
    },
    /// A base image does not exist, or only for others.
    #[error("the base image {base} does not exist: {message}{excerpt}")]
    BaseUnknown {
        /// The image.
        base: String,
        /// The registry's words.
        message: String,
        /// The `FROM` that names it.
        excerpt: SourceExcerpt,
    },
    /// A registry lets nobody see a base image without a login, or not with this one.
    #[error(
        "cannot pull the base image {base}: {} denies access. Log in with `{}`, or check the name \
         ({message}){excerpt}", registry(base),
        login(&registry(base))
    )]
    BaseDenied {
        /// The image.
        base: String,
        /// BuildKit's words.
        message: String,
        /// The `FROM` that names it.
        excerpt: SourceExcerpt,
    },
    /// Docker's configuration has a login that cannot be read.
    #[error(transparent)]
    Credentials(CredentialsError),
    /// A base image cannot be fetched now.
    #[error("the base image {base} cannot be fetched: {message}{excerpt}")]
    BaseUnavailable {
        /// The image.
        base: String,
        /// BuildKit's words.
        message: String,
        /// The `FROM` that names it.
        excerpt: SourceExcerpt,
    },
    /// A step failed.
    #[error(transparent)]
    Step(Box<FailedStep>),
    /// The engine's disk is full.
    #[error("the engine has no space left on its disk: {message}")]
    OutOfDisk {
        /// BuildKit's words.
        message: String,
    },
    /// The engine cannot write the result as an archive.
    #[error("the engine cannot export an OCI layout: {message}")]
    ExporterMissing {
        /// BuildKit's words.
        message: String,
    },
    /// BuildKit refused for a reason that is not told apart here.
    #[error("{message}")]
    Refused {
        /// BuildKit's words.
        message: String,
    },
}

/// Something that a plan names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The Dockerfile.
    Dockerfile,
    /// The folder to copy from.
    Context,
    /// A context of a name of its own.
    NamedContext(String),
}

/// A step that failed.
#[derive(Debug, Error)]
pub struct FailedStep {
    pub(super) label: StepLabel,
    pub(super) platforms: Vec<Platform>,
    pub(super) message: String,
    pub(super) exit_code: Option<u32>,
    pub(super) excerpt: SourceExcerpt,
    pub(super) log: Vec<String>,
    pub(super) emulation: Emulation,
}

/// Whether a step failed for want of an emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emulation {
    /// It did, or nobody can tell.
    Missing,
    /// It failed of something else.
    NotMissed,
}

/// Lines of a Dockerfile. Displayed on lines of their own; nothing when there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceExcerpt {
    pub(super) dockerfile: PathBuf,
    /// The number of the first line, from 1.
    pub(super) first: u32,
    pub(super) lines: Vec<String>,
}

impl BuildError {
    pub(super) fn new(dockerfile: PathBuf, recipe: Recipe, failure: Failure) -> Self {
        let Failure { kind, progress } = failure;
        Self { dockerfile, recipe: Box::new(recipe), kind, progress }
    }

    /// The Dockerfile that was built.
    #[must_use]
    pub fn dockerfile(&self) -> &Path {
        &self.dockerfile
    }

    /// Why it failed.
    #[must_use]
    pub fn kind(&self) -> &BuildErrorKind {
        &self.kind
    }

    /// What was done before it failed. Of such a build BuildKit keeps no record, so its platforms
    /// are claims.
    #[must_use]
    pub fn trace(&self) -> BuildTrace {
        match &self.progress {
            Progress::Some(trace) => BuildTrace::clone(trace),
            Progress::None => BuildTrace {
                recipe: self.recipe.clone(),
                checks: BuilderChecks::default(),
                basis: Basis::Claimed("no step was begun".to_owned()),
                steps: Vec::new(),
            },
        }
    }

    /// Whether the same build may succeed later without anybody changing a file.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.kind {
            BuildErrorKind::Engine(error) => error.is_retryable(),
            BuildErrorKind::EngineLost { .. }
            | BuildErrorKind::BaseUnavailable { .. }
            | BuildErrorKind::OutOfDisk { .. } => true,
            BuildErrorKind::Unreadable { cause, .. } => cause.kind() == io::ErrorKind::NotFound,
            BuildErrorKind::NoPlatform
            | BuildErrorKind::PlatformTwice(_)
            | BuildErrorKind::Input { .. }
            | BuildErrorKind::UnsupportedContext { .. }
            | BuildErrorKind::StoreNeedsName
            | BuildErrorKind::StoreTooOld
            | BuildErrorKind::Store(_)
            | BuildErrorKind::Unwritable { .. }
            | BuildErrorKind::Dockerfile { .. }
            | BuildErrorKind::BasePlatformMissing { .. }
            | BuildErrorKind::BaseUnknown { .. }
            | BuildErrorKind::BaseDenied { .. }
            | BuildErrorKind::Credentials(_)
            | BuildErrorKind::NoLayer
            | BuildErrorKind::Step(_)
            | BuildErrorKind::ExporterMissing { .. }
            | BuildErrorKind::Refused { .. } => false,
        }
    }
}

impl From<Fault> for BuildErrorKind {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unreadable(it) => Self::Unreadable { path: it.path, cause: it.cause },
            Fault::Unwritable { path, cause } => Self::Unwritable { path, cause },
            Fault::Credentials(error) => Self::Credentials(error),
        }
    }
}

impl FailedStep {
    /// What the step is, as BuildKit names it.
    #[must_use]
    pub fn label(&self) -> &StepLabel {
        &self.label
    }

    /// The platforms that it was for, where that is known; a step may serve several.
    #[must_use]
    pub fn platforms(&self) -> &[Platform] {
        &self.platforms
    }

    /// The exit status of the step's program; absent where none ended.
    #[must_use]
    pub fn exit_code(&self) -> Option<u32> {
        self.exit_code
    }

    /// What it failed of, in BuildKit's words.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether it failed because the engine can neither run nor emulate programs of its platform.
    #[must_use]
    pub fn emulation(&self) -> Emulation {
        self.emulation
    }

    /// Whether it says of a program that its format is none that can be executed: that of another
    /// machine without an emulator, or none at all.
    pub(super) fn has_format_error(&self) -> bool {
        self.log.iter().any(|line| line.to_lowercase().contains("exec format error"))
    }

    /// The lines of the Dockerfile that say what the step does.
    #[must_use]
    pub fn excerpt(&self) -> &SourceExcerpt {
        &self.excerpt
    }

    /// The last lines of the step's log, printable.
    #[must_use]
    pub fn log(&self) -> &[String] {
        &self.log
    }
}

impl fmt::Display for FailedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", self.label.instruction)?;
        match self.label.platform {
            StepPlatform::Cross { on, target } => write!(f, "on {on} for {target} ")?,
            StepPlatform::Of(_) | StepPlatform::Unnamed if !self.platforms.is_empty() => {
                write!(f, "for {} ", list(&self.platforms))?;
            }
            StepPlatform::Of(platform) => write!(f, "for {platform} ")?,
            StepPlatform::Unnamed => {}
        }
        match self.exit_code {
            Some(code) => write!(f, "ended with exit status {code}")?,
            None => write!(f, "failed: {}", self.message)?,
        }
        write!(f, "{}", self.excerpt)?;
        if self.emulation == Emulation::Missing {
            f.write_str("\nthe engine can neither run nor emulate programs of this platform")?;
        }
        if !self.log.is_empty() {
            write!(f, "\nthe end of its log:")?;
        }
        self.log.iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

impl SourceExcerpt {
    /// The number of the first line, from 1; `None` when no line is known.
    #[must_use]
    pub fn first_line(&self) -> Option<u32> {
        (!self.lines.is_empty()).then_some(self.first)
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for SourceExcerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return Ok(());
        }
        write!(f, "\n{}:{}", self.dockerfile.display(), self.first)?;
        (self.first..)
            .zip(&self.lines)
            .try_for_each(|(number, line)| write!(f, "\n  {number} | {line}"))
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dockerfile => f.write_str("the Dockerfile"),
            Self::Context => f.write_str("the context"),
            Self::NamedContext(name) => write!(f, "the context `{name}`,"),
        }
    }
}

/// The registry of an image.
fn registry(image: &str) -> String {
    image.parse::<Reference>().map_or_else(|_| image.to_owned(), |it| it.registry().to_owned())
}

/// The command that logs in to a registry.
fn login(registry: &str) -> String {
    if registry == HUB { "docker login".to_owned() } else { format!("docker login {registry}") }
}

fn list(platforms: &[Platform]) -> String {
    platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
