//! What came of one run.

use std::error::Error;

use super::explain::explain;
use super::start::Start;
use crate::error_chain::error_chain;
use crate::evidence::run::{Execution, Output, RunEnd, RunEvidence, RunnerKind};
use crate::processor::CpuModel;

/// Who started a program, and what executed it.
pub(super) struct Circumstances {
    pub runner: RunnerKind,
    pub execution: Execution,
    pub cpu: CpuModel,
    /// The emulator's version; empty where nobody knows.
    pub emulator: String,
}

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

    /// What is kept of the run.
    pub(super) fn into_evidence(self, start: &Start, circumstances: Circumstances) -> RunEvidence {
        let Circumstances { runner, execution, cpu, emulator } = circumstances;
        RunEvidence {
            runner,
            execution,
            cpu,
            emulator,
            command: start.command.words.clone(),
            entrypoint: start.entrypoint.clone(),
            program: start.program.clone(),
            end: explain(self.end, start, execution, &self.stderr),
            instruction: None,
            foreign: self.foreign,
            stdout: self.stdout,
            stderr: self.stderr,
        }
    }

    /// It did not run.
    pub(super) fn nothing(end: RunEnd) -> Self {
        let (stdout, stderr) = (Output::default(), Output::default());
        Self { end, foreign: Vec::new(), stdout, stderr }
    }
}
