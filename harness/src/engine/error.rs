//! What can go wrong before there is an engine to talk to.

use std::io;

use thiserror::Error;

use super::endpoint::{Endpoint, EndpointError};
use crate::platform::PlatformError;

/// Why there is no engine to work with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The environment leads to no engine.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Nobody answers.
    #[error(
        "no Docker Engine answers at {endpoint}: start Docker or point DOCKER_HOST at an engine"
    )]
    Unreachable {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Something answers, but not as an engine does.
    #[error("the engine at {endpoint} does not say what it is")]
    Unintelligible {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        #[source]
        cause: bollard::errors::Error,
    },
    /// The engine lacks what is needed.
    #[error(
        "the engine at {endpoint} is too old: it is {version} (API {api}), \
         needed is API {needed} (Docker 24)"
    )]
    TooOld {
        /// Where.
        endpoint: Endpoint,
        /// The engine's version.
        version: String,
        /// Its API version.
        api: String,
        /// The oldest API version that will do.
        needed: &'static str,
    },
    /// The engine runs no Linux containers, or on a machine that nobody has heard of.
    #[error("the engine at {endpoint} runs no containers that can be verified")]
    ForeignHost {
        /// Where.
        endpoint: Endpoint,
        /// What its host is instead.
        #[source]
        cause: PlatformError,
    },
    /// BuildKit cannot be reached through the engine.
    #[error("the engine at {endpoint} offers no BuildKit")]
    NoBuildKit {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// BuildKit answered a question with an error.
    #[error("the BuildKit of the engine at {endpoint} failed: {}", cause.message())]
    BuildKit {
        /// Where.
        endpoint: Endpoint,
        /// What it said.
        cause: Box<tonic::Status>,
    },
}

impl EngineError {
    /// Whether the same call may succeed later without anybody changing a setting.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { cause, .. } | Self::NoBuildKit { cause, .. } => {
                cause.kind() != io::ErrorKind::PermissionDenied
            }
            Self::BuildKit { .. } => true,
            Self::Endpoint(_)
            | Self::Unintelligible { .. }
            | Self::TooOld { .. }
            | Self::ForeignHost { .. } => false,
        }
    }
}
