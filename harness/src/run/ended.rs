//! What came of one run.

use std::error::Error;

use super::evidence::{Output, RunEnd};
use crate::error_chain::error_chain;

/// How a program ended, and what it did before.
#[derive(Clone)]
pub(super) struct Ended {
    pub end: RunEnd,
    pub foreign: Vec<String>,
    pub stdout: Output,
    pub stderr: Output,
}

impl Ended {
    /// The engine's fault: nothing ran, or nobody knows how it ended.
    pub(super) fn engine_fault(error: &(dyn Error + 'static)) -> Self {
        Self::nothing(RunEnd::EngineFault { message: error_chain(error).join(": ") })
    }

    /// The sandbox's fault: nothing ran, or nobody knows how it ended.
    pub(super) fn sandbox_fault(error: &(dyn Error + 'static)) -> Self {
        Self::nothing(RunEnd::SandboxFault { message: error_chain(error).join(": ") })
    }

    /// It did not run.
    pub(super) fn nothing(end: RunEnd) -> Self {
        let (stdout, stderr) = (Output::default(), Output::default());
        Self { end, foreign: Vec::new(), stdout, stderr }
    }
}
