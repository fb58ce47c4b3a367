//! Why a variant was not run.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::evidence::RunEvidence;
use crate::inspect::{AccountError, LaunchError};

/// The runs of a variant, or why there are none.
pub type Runs = Result<Vec<RunEvidence>, NotRun>;

/// Why a variant was not run, where nothing failed that a run needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotRun {
    /// The user does not want it to be.
    Unwanted,
    /// Neither ENTRYPOINT nor CMD names a program.
    NoCommand,
    /// No engine can start the command. A finding says so as well.
    Unstartable {
        /// What is wrong with it.
        reason: String,
    },
    /// The runs of the image's other variants took all the time that an image may take.
    OutOfTime {
        /// How much that is.
        timeout: Duration,
    },
}

impl From<AccountError> for NotRun {
    fn from(error: AccountError) -> Self {
        Self::Unstartable { reason: error.to_string() }
    }
}

impl From<LaunchError> for NotRun {
    fn from(error: LaunchError) -> Self {
        match error {
            LaunchError::NoCommand => Self::NoCommand,
            other => Self::Unstartable { reason: other.to_string() },
        }
    }
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwanted => f.write_str("--runner none"),
            Self::NoCommand => LaunchError::NoCommand.fmt(f),
            Self::Unstartable { reason } => f.write_str(reason),
            Self::OutOfTime { timeout } => write!(
                f,
                "the runs of this image took more than {} min: use --platform to verify fewer \
                 platforms at once",
                timeout.as_secs() / 60
            ),
        }
    }
}
