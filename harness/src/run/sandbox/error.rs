//! Why there is no sandbox for a variant.

use std::path::PathBuf;

use thiserror::Error;

use super::super::ended::Ended;
use super::super::layers::UnpackError;
use super::super::limits::SANDBOX_START_TIMEOUT;
use crate::emulator::EmulatorError;
use crate::evidence::run::RunEnd;
use crate::oci::{Digest, DocumentError};
use crate::processor::NoModel;
use crate::sandbox::Fault;

/// Why a variant could not be run. It says nothing of the image.
#[derive(Debug, Error)]
pub(super) enum SandboxError {
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    #[error(transparent)]
    Model(#[from] NoModel),
    #[error("cannot keep what emulators say of themselves in {}", folder.display())]
    Notes {
        folder: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Document(Box<DocumentError>),
    #[error("the image's index names no manifest {0}")]
    NoManifest(Digest),
    #[error(transparent)]
    Unpack(Box<UnpackError>),
    #[error("cannot start archproof's helper")]
    Helper(#[source] std::io::Error),
    #[error(
        "there is no sandbox here, and --runner none judges the image without; archproof doctor says more"
    )]
    Fault(#[source] Fault),
    #[error("the sandbox was not made within {} s", SANDBOX_START_TIMEOUT.as_secs())]
    Slow,
}

impl From<UnpackError> for SandboxError {
    fn from(error: UnpackError) -> Self {
        Self::Unpack(Box::new(error))
    }
}

impl From<DocumentError> for SandboxError {
    fn from(error: DocumentError) -> Self {
        Self::Document(Box::new(error))
    }
}

impl SandboxError {
    /// How a run ended that did not begin.
    pub(super) fn ended(&self) -> Ended {
        match self {
            Self::Emulator(error @ EmulatorError::Missing { .. }) => {
                Ended::nothing(RunEnd::EmulatorMissing { remedy: error.to_string() })
            }
            other => Ended::sandbox_fault(other),
        }
    }
}
