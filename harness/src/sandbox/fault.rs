//! What went wrong while a sandbox was made.

use std::fmt::Display;
use std::io;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A step that failed. It crosses a process boundary, so the cause is text and its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("cannot {step}: {cause}")]
pub struct Fault {
    /// What was tried, such as `mount /proc`.
    pub step: String,
    /// The system's words.
    pub cause: String,
    /// The system's number of the error, where it has one.
    pub errno: Option<i32>,
}

impl Fault {
    /// A step that failed for a reason that the system has no number for.
    pub fn new(step: impl Into<String>, cause: impl Display) -> Self {
        Self { step: step.into(), cause: cause.to_string(), errno: None }
    }
}

/// Names the step that an error ended.
pub(super) trait While<T> {
    /// What was tried.
    fn to(self, step: &str) -> Result<T, Fault>;
}

impl<T, E: Into<io::Error>> While<T> for Result<T, E> {
    fn to(self, step: &str) -> Result<T, Fault> {
        self.map_err(|error| {
            let error = error.into();
            Fault { step: step.to_owned(), cause: error.to_string(), errno: error.raw_os_error() }
        })
    }
}
