//! A variant, ready to be run, and how a run of it goes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::super::capture::Drain;
use super::super::ended::{Circumstances, Ended};
use super::super::helper::{Heard, Helper, Started};
use super::super::layers::LayerStore;
use super::super::limits::{DISK, MEMORY, PROCESSES, SANDBOX_START_TIMEOUT, TRACE_LIMIT};
use super::super::start::Start;
use super::error::SandboxError;
use super::instruction;
use crate::elf::ElfTarget;
use crate::emulator::ArgumentPair;
use crate::evidence::run::{
    Execution, Extent, Instruction, Output, RunEnd, RunEvidence, RunnerKind, SignalCause,
};
use crate::processor::CpuModel;
use crate::sandbox::{Command, End, Foreign, Handlers, Message, PATIENCE, RunOrder, Task};

/// The machines whose programs run, and the emulator of each.
pub(super) type Emulated = Vec<(ElfTarget, PathBuf)>;

/// Where a variant can be run, any number of times.
pub(super) struct Place<'a> {
    pub helper: &'a Helper,
    pub store: &'a LayerStore,
    pub layers: Vec<PathBuf>,
    pub emulated: Emulated,
    /// The oldest processor that the platform promises, or the one that was named.
    pub promised: CpuModel,
    /// The emulator's.
    pub version: String,
}

impl Place<'_> {
    pub(super) fn run(
        &self,
        start: &Start,
        command: &Command,
        cpu: &CpuModel,
        timeout: Duration,
    ) -> RunEvidence {
        let ended = self.obey(command.clone(), cpu, Errors::OfProgram, timeout);
        let ended = ended.unwrap_or_else(|it| it.ended());
        evidence(start, cpu.clone(), ended, &self.version)
    }

    /// The instruction that the promised processor does not have, by another run.
    pub(super) fn instruction(
        &self,
        start: &Start,
        command: &Command,
        timeout: Duration,
    ) -> Option<Instruction> {
        let traced = self.obey(command.clone(), &self.promised, Errors::Trace, timeout);
        let trace = traced.ok()?.stderr;
        // The signal that counts is the last, and only the beginning is kept.
        if trace.extent == Extent::Beginning {
            return None;
        }
        let layers: Vec<PathBuf> =
            self.layers.iter().map(|it| self.store.folder().join(it)).collect();
        instruction::find(&trace.text, start, &layers)
    }

    /// Runs a command to its end, or to the end of its time.
    pub(super) fn obey(
        &self,
        command: Command,
        cpu: &CpuModel,
        errors: Errors,
        timeout: Duration,
    ) -> Result<Ended, SandboxError> {
        let order = RunOrder {
            layers: self.layers.clone(),
            staging: PathBuf::from("staging"),
            handlers: Handlers {
                emulated: self.emulated.clone(),
                arguments: arguments(cpu, errors),
            },
            command,
            memory: MEMORY,
            disk: DISK,
            time: timeout,
            processes: PROCESSES,
        };
        let output = [Stdio::piped(), Stdio::piped()];
        let started = self.helper.start(self.store.folder(), &Task::Run(order), output);
        let mut started = started.map_err(SandboxError::Helper)?;
        let stdout = started.child.stdout.take().map(|it| Drain::new(it, Output::LIMIT));
        let stderr = started.child.stderr.take().map(|it| Drain::new(it, errors.limit()));
        let (end, foreign) = listen(&mut started, timeout)?;
        drop(started);
        let output = |drain: Option<Drain>| drain.map(Drain::finish).unwrap_or_default();
        Ok(Ended { end, foreign, stdout: output(stdout), stderr: output(stderr) })
    }
}

/// What standard error holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Errors {
    /// The program's output.
    OfProgram,
    /// The program's output and QEMU's trace of system calls and signals.
    Trace,
}

impl Errors {
    fn limit(self) -> usize {
        match self {
            Self::OfProgram => Output::LIMIT,
            Self::Trace => TRACE_LIMIT,
        }
    }
}

/// What the emulators are told.
fn arguments(cpu: &CpuModel, errors: Errors) -> Vec<ArgumentPair> {
    let model = match cpu {
        CpuModel::Default => None,
        CpuModel::Named(name) => Some(["-cpu", name]),
    };
    // Arguments go in pairs.
    let trace = (errors == Errors::Trace).then_some(["-strace", "-strace"]);
    model.into_iter().chain(trace).map(|it| it.map(str::to_owned)).collect()
}

/// So many files of other machines are reported: whoever executes more makes them as it goes.
const FOREIGN_LIMIT: usize = 100;

/// Hears how the program ends, and what it was not allowed to execute.
fn listen(started: &mut Started, timeout: Duration) -> Result<(RunEnd, Vec<String>), SandboxError> {
    let mut deadline = Instant::now() + SANDBOX_START_TIMEOUT;
    let (mut foreign, mut is_made) = (BTreeSet::new(), false);
    let end = loop {
        match started.answer_until(deadline) {
            Heard::Message(Message::Started) => {
                // The sandbox ends the program itself; this is for one that is lost.
                let longest = timeout.saturating_mul(PATIENCE) + SANDBOX_START_TIMEOUT;
                (is_made, deadline) = (true, Instant::now() + longest);
            }
            Heard::Message(Message::Foreign(Foreign { path })) => {
                if foreign.len() < FOREIGN_LIMIT {
                    foreign.insert(path);
                }
            }
            Heard::Message(Message::Ended(end)) => break end_of(&end, timeout),
            Heard::Message(Message::Failed(fault)) => return Err(SandboxError::Fault(fault)),
            Heard::Message(Message::Unpacked { .. }) => {}
            Heard::Silence if is_made => break RunEnd::timed_out(timeout),
            Heard::Silence => return Err(SandboxError::Slow),
        }
    };
    Ok((end, foreign.into_iter().collect()))
}

pub(super) fn evidence(start: &Start, cpu: CpuModel, ended: Ended, version: &str) -> RunEvidence {
    let (runner, execution) = (RunnerKind::Sandbox, Execution::Emulated);
    ended.into_evidence(
        start,
        Circumstances { runner, execution, cpu, emulator: version.to_owned() },
    )
}

fn end_of(end: &End, timeout: Duration) -> RunEnd {
    match end {
        End::Exited(code) => RunEnd::of_status(i64::from(*code), SignalCause::Program),
        End::Signalled(signal) => {
            RunEnd::Signalled { signal: i64::from(*signal), cause: SignalCause::Program }
        }
        End::TimedOut => RunEnd::timed_out(timeout),
        End::OutOfMemory => RunEnd::Signalled { signal: 9, cause: SignalCause::MemoryLimit },
    }
}
