//! Why nothing could be found out about a subject.
//!
//! A new reason is a variant of `Reason`: its message, its stage, and whether trying again makes
//! sense.

use std::error::Error;
use std::io;
use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;
use tokio::task::JoinError;

use crate::build::BuildError;
use crate::engine::EngineError;
use crate::error_chain::error_chain;
use crate::inspect::InspectError;
use crate::lint::LintError;
use crate::oci::LayoutError;
use crate::source::{SourceError, is_retryable};
use crate::tree::TreeError;

/// Why a subject could not be verified, as it is reported.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// Where on the way.
    pub stage: Stage,
    /// The error and its causes, the outermost first.
    pub chain: Vec<String>,
    /// Whether trying again makes sense.
    pub retry: Retry,
}

/// A part of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Reading the Dockerfile.
    Dockerfile,
    /// Reaching the engine.
    Engine,
    /// Building the image.
    Build,
    /// Reading the image.
    Inspect,
    /// Running its variants.
    Run,
}

/// Whether trying again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Retry {
    /// The same would happen.
    Useless,
    /// It may be better next time.
    Sensible,
}

/// Why nothing could be found out about a subject.
#[derive(Debug, Error)]
pub(crate) enum Reason {
    #[error(transparent)]
    Dockerfile(Box<LintError>),
    #[error(transparent)]
    Engine(Arc<EngineError>),
    #[error("nothing can be built or run without an engine")]
    NoEngine,
    #[error(
        "the engine runs only images that are built here: leave out --runner engine, or use --runner \
         none to judge the image without running it"
    )]
    NotBuilt,
    #[error(
        "no such file or folder: `{0}`. If it is an image, leave out --runner engine: the engine runs \
         only images that are built here"
    )]
    NotHere(String),
    #[error(transparent)]
    Folder(io::Error),
    #[error(transparent)]
    Build(Box<BuildError>),
    #[error(transparent)]
    Open(Box<SourceError>),
    #[error("the image cannot be read")]
    Inspect(#[source] Box<InspectError>),
    #[error("the image cannot be read")]
    Layout(#[source] Box<LayoutError>),
    #[error("the root filesystem cannot be read")]
    Tree(#[source] Box<TreeError>),
    #[error("the image contains nothing to verify")]
    Nothing,
    #[error("the evidence is of a build that failed: there is no image to inspect")]
    NeverBuilt,
    #[error("a root filesystem does not say for which platform it is: name one with --platform")]
    WhichPlatform,
    #[error("archproof itself failed while it read the image")]
    Crash(#[source] JoinError),
    #[error("a sandbox needs a folder for what it unpacks: set HOME or XDG_CACHE_HOME")]
    NoSandbox,
    #[error("a sandbox needs archproof's own program, which the system does not name: mount /proc")]
    NoProgram,
}

impl Reason {
    const fn stage(&self) -> Stage {
        match self {
            Self::Dockerfile(_) => Stage::Dockerfile,
            Self::Engine(_) | Self::NoEngine | Self::NotBuilt | Self::NotHere(_) => Stage::Engine,
            Self::Folder(_) | Self::Build(_) => Stage::Build,
            Self::Open(_)
            | Self::Inspect(_)
            | Self::Layout(_)
            | Self::Tree(_)
            | Self::Nothing
            | Self::NeverBuilt
            | Self::WhichPlatform
            | Self::Crash(_) => Stage::Inspect,
            Self::NoSandbox | Self::NoProgram => Stage::Run,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_retryable(),
            Self::Build(error) => error.is_retryable(),
            Self::Open(error) => error.is_retryable(),
            Self::Folder(_) => true,
            // A registry may have sent what could not be read.
            Self::Inspect(_) | Self::Layout(_) | Self::Tree(_) => is_retryable(self),
            Self::Dockerfile(_)
            | Self::NoEngine
            | Self::NotBuilt
            | Self::NotHere(_)
            | Self::Nothing
            | Self::NeverBuilt
            | Self::WhichPlatform
            | Self::Crash(_)
            | Self::NoSandbox
            | Self::NoProgram => false,
        }
    }
}

macro_rules! from {
    ($($error:ident => $reason:ident,)*) => {
        $(impl From<$error> for Reason {
            fn from(error: $error) -> Self {
                Self::$reason(Box::new(error))
            }
        })*
    };
}

from! {
    LintError => Dockerfile,
    BuildError => Build,
    SourceError => Open,
    InspectError => Inspect,
    LayoutError => Layout,
    TreeError => Tree,
}

impl From<Reason> for Blocked {
    fn from(reason: Reason) -> Self {
        let retry = if reason.is_retryable() { Retry::Sensible } else { Retry::Useless };
        Self { stage: reason.stage(), chain: error_chain(&reason), retry }
    }
}

/// An error with its causes in one line, and what to do where the machine lacks something.
#[must_use]
pub fn describe(error: &(dyn Error + 'static)) -> String {
    error_chain(error).join(": ")
}
