//! What a run showed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::image::ImagePath;
use crate::processor::CpuModel;
use crate::text::printable;

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

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwanted => f.write_str("--runner none"),
            Self::NoCommand => f.write_str("neither ENTRYPOINT nor CMD names a program"),
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

/// One start of a variant's entrypoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEvidence {
    /// Who started it.
    pub runner: RunnerKind,
    /// What executed it.
    pub execution: Execution,
    /// The CPU model that its emulator was told to be. In an engine a program can tell its children
    /// another, by `QEMU_CPU`; in a sandbox it cannot.
    pub cpu: CpuModel,
    /// The emulator's version; empty where there is none, or it is the engine's host's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub emulator: String,
    /// The words of the command.
    pub command: Vec<String>,
    /// The file that the command names, links followed.
    pub entrypoint: ImagePath,
    /// What the processor executed: the entrypoint, or its last interpreter.
    pub program: ImagePath,
    /// How it ended.
    pub end: RunEnd,
    /// The instruction that the processor does not have, where it was found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<Instruction>,
    /// Files of other machines that were to be executed, and were not. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<String>,
    /// What it wrote to its standard output.
    pub stdout: Output,
    /// What it wrote to its standard error.
    pub stderr: Output,
}

/// What programs say that look at the processor and do not like it: Go's runtime, and glibc. And
/// what runtimes that handle the signal themselves, and shells whose child it was, say of it.
///
/// Source: Go, `runtime/asm_amd64.s`, `asm_386.s`, `os_linux_arm.go` and `asm_arm64.s`; glibc,
/// `sysdeps/x86/dl-get-cpu-features.c` and `elf/dl-hwcaps-check.h`. Go again,
/// `runtime/sigtab_linux_generic.go`; `HotSpot` of `OpenJDK`, `os/posix/signals_posix.cpp`; glibc,
/// `siglist.h`. .NET, `minipal` of its runtime; `MySQL`, `sql/signal_handler.cc`.
const COMPLAINTS: [&str; 10] = [
    "This program can only be run on",
    "so it cannot run this GOARM=",
    "CPU ISA level is lower than required",
    "Fatal glibc error: CPU does not support",
    "Fatal glibc error: CPU lacks",
    "The current CPU is missing one or more",
    "got signal 4",
    "SIGILL: illegal instruction",
    "SIGILL (0x4)",
    "Illegal instruction",
];
/// The number of SIGILL on every architecture that Linux knows.
const ILLEGAL_INSTRUCTION: i64 = 4;
/// Shells end so where they find no program (POSIX, "Exit Status for Commands").
const NOT_FOUND: i64 = 127;
/// Shells, inits and engines add it to the number of the signal that ended their child.
const SIGNAL_STATUS: i64 = 128;
/// The highest number that they do so with.
const LAST_SIGNAL: i64 = 31;

impl RunEvidence {
    /// Whether the program's end may be that its processor lacks an instruction.
    #[must_use]
    pub fn suggests_isa_fault(&self) -> bool {
        match self.end {
            RunEnd::Signalled { signal: ILLEGAL_INSTRUCTION, .. } => true,
            RunEnd::Exited { code: 0 } => false,
            RunEnd::Exited { .. } | RunEnd::Signalled { .. } => self.says_one_of(&COMPLAINTS),
            _ => false,
        }
    }

    /// Whether it died of an instruction, rather than refuse to go on.
    #[must_use]
    pub fn dies_of_instruction(&self) -> bool {
        matches!(self.end, RunEnd::Signalled { .. })
            || self.says_one_of(&["SIGILL", "Illegal instruction"])
    }

    /// Whether it tried to execute a program of the name `--help`: so ends an entrypoint that takes its
    /// arguments for a command.
    ///
    /// Shells end with 127 then; gosu, su-exec and others name the system call. bash's and `BusyBox`'s
    /// `exec` take it for an option of their own.
    #[must_use]
    pub fn takes_help_for_command(&self) -> bool {
        const ABSENT: [&str; 3] = ["not found", "No such file", "cannot execute"];
        const OF_EXEC: [&str; 3] = ["exec: exec [-cl]", "--: invalid option", "illegal option --"];
        let is_not_found = matches!(self.end, RunEnd::Exited { code: NOT_FOUND });
        let is_attempt = |line: &str| {
            line.contains("--help")
                && (is_not_found || line.contains("exec"))
                && ABSENT.iter().any(|it| line.contains(it))
        };
        let is_refusal =
            |line: &str| line.contains("exec: ") && OF_EXEC.iter().any(|it| line.contains(it));
        let mut lines = self.stderr.text.lines().chain(self.stdout.text.lines());
        matches!(self.end, RunEnd::Exited { code } if code != 0)
            && lines.any(|line| is_attempt(line) || is_refusal(line))
    }

    fn says_one_of(&self, words: &[&str]) -> bool {
        let streams = [&self.stderr.text, &self.stdout.text];
        words.iter().any(|it| streams.iter().any(|text| text.contains(it)))
    }
}

/// An instruction of a file that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// The file: the program, or one that it has loaded.
    pub file: ImagePath,
    /// The address that the file gives it (`p_vaddr`).
    pub address: u64,
    /// Its bytes there in hexadecimal digits: as a number where instructions have one size, else the
    /// first few from there on.
    pub code: String,
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:#x}", self.code, self.address)
    }
}

/// Who starts a variant's entrypoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunnerKind {
    /// A container in the engine, under the host's binfmt handlers.
    Engine,
    /// Namespaces of its own, with handlers of their own.
    Sandbox,
}

/// What executes a variant's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Execution {
    /// The host's processor.
    Native,
    /// An emulator.
    Emulated,
    /// One of the two: the host's processor could, if its kernel lets it.
    Unknown,
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Native => "native",
            Self::Emulated => "emulated",
            Self::Unknown => "native or emulated",
        })
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunEnd {
    /// By itself.
    Exited {
        /// Its exit status, 0 to 255.
        code: i64,
    },
    /// Of a signal.
    Signalled {
        /// The signal's number.
        signal: i64,
        /// Who sent it.
        cause: SignalCause,
    },
    /// It did not end, and was killed.
    TimedOut {
        /// After how long, in milliseconds.
        limit_ms: u64,
    },
    /// There is nothing here that executes programs of its architecture.
    EmulatorMissing {
        /// What can be done about it.
        remedy: String,
    },
    /// The emulator broke down, or does not know the processor.
    EmulatorFault {
        /// Its words.
        message: String,
    },
    /// No sandbox could be made for it, or it was lost.
    SandboxFault {
        /// What could not be done, and why.
        message: String,
    },
    /// The engine could not run it, or was lost.
    EngineFault {
        /// The engine's words.
        message: String,
    },
}

/// Why a program got a deadly signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalCause {
    /// Its own doing.
    Program,
    /// It used more memory than a run may.
    MemoryLimit,
    /// It wrote more to its root filesystem than a run may.
    DiskLimit,
}

impl RunEnd {
    /// What an exit status says, the shells' convention included: 128 and the number of a signal.
    #[must_use]
    pub fn of_status(status: i64, cause: SignalCause) -> Self {
        match status - SIGNAL_STATUS {
            signal @ 1..=LAST_SIGNAL => Self::Signalled { signal, cause },
            _ => Self::Exited { code: status },
        }
    }

    /// Whether it ended with a status, a signal's being the one that shells give it.
    #[must_use]
    pub fn has_status(&self, status: i64) -> bool {
        match self {
            Self::Exited { code } => *code == status,
            Self::Signalled { signal, cause: SignalCause::Program } => {
                signal + SIGNAL_STATUS == status
            }
            _ => false,
        }
    }

    /// Whether the program ended by itself and did not succeed.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        match self {
            Self::Exited { code } => *code != 0,
            Self::Signalled { .. } => true,
            _ => false,
        }
    }

    /// Whether that is what the program did, rather than what kept it from running.
    #[must_use]
    pub const fn is_of_program(&self) -> bool {
        matches!(self, Self::Exited { .. } | Self::Signalled { .. } | Self::TimedOut { .. })
    }

    /// The time limit as it is stored.
    #[must_use]
    pub fn timed_out(limit: Duration) -> Self {
        Self::TimedOut { limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) }
    }
}

impl RunEnd {
    /// Why it says nothing about the image; nothing where it does.
    #[must_use]
    pub fn obstacle(&self) -> Option<&str> {
        match self {
            Self::Exited { .. } | Self::Signalled { .. } | Self::TimedOut { .. } => None,
            Self::EmulatorMissing { remedy: why }
            | Self::EmulatorFault { message: why }
            | Self::SandboxFault { message: why }
            | Self::EngineFault { message: why } => Some(why),
        }
    }
}

impl fmt::Display for RunEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited { code } => write!(f, "exit status {code}"),
            Self::Signalled { signal, cause: SignalCause::Program } => write!(f, "signal {signal}"),
            Self::Signalled { cause: SignalCause::MemoryLimit, .. } => {
                f.write_str("killed for using more memory than a run may")
            }
            Self::Signalled { cause: SignalCause::DiskLimit, .. } => {
                f.write_str("killed for writing more to its root filesystem than a run may")
            }
            Self::TimedOut { limit_ms } => {
                write!(f, "no end within {}", seconds(Duration::from_millis(*limit_ms)))
            }
            Self::EmulatorMissing { .. } => f.write_str("no emulator"),
            Self::EmulatorFault { .. } => f.write_str("the emulator failed"),
            Self::SandboxFault { .. } => f.write_str("no sandbox could be made"),
            Self::EngineFault { .. } => f.write_str("the engine could not run it"),
        }
    }
}

/// `1.5 s`, `30 s`.
fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// What a program wrote, as text: bytes that are no UTF-8 and control characters other than
/// newline and tab are escaped, so that it can be shown on any terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The text.
    pub text: String,
    /// Whether that is all.
    pub extent: Extent,
}

/// How much of an output was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// All.
    #[default]
    Whole,
    /// Its beginning, up to the limit.
    Beginning,
}

impl Output {
    /// Bytes of each stream that are kept.
    pub const LIMIT: usize = 64 << 10;

    /// Makes untrusted bytes harmless.
    #[must_use]
    pub fn new(bytes: &[u8], extent: Extent) -> Self {
        Self { text: printable(bytes), extent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes_help_for_command(code: i64, stderr: &str) -> bool {
        let path = ImagePath::clean("/entrypoint.sh");
        RunEvidence {
            runner: RunnerKind::Sandbox,
            execution: Execution::Emulated,
            cpu: CpuModel::Default,
            emulator: String::new(),
            command: Vec::new(),
            entrypoint: path.clone(),
            program: path,
            end: RunEnd::Exited { code },
            instruction: None,
            foreign: Vec::new(),
            stdout: Output::default(),
            stderr: Output::new(stderr.as_bytes(), Extent::Whole),
        }
        .takes_help_for_command()
    }

    #[test]
    fn an_option_that_is_taken_for_a_program_is_known_by_the_failure() {
        for (code, line) in [
            (127, "/entrypoint.sh: 47: exec: --help: not found"),
            (127, "/entrypoint.sh: exec: line 2: --help: not found"),
            (1, "error: exec: \"--help\": executable file not found in $PATH"),
            (127, "su-exec: --help: No such file or directory"),
            (2, "/entrypoint.sh: line 2: exec: --: invalid option"),
            (2, "/entrypoint.sh: exec: line 4: illegal option --"),
            (2, "exec: exec [-cl] [-a name] [command [argument ...]] [redirection ...]"),
        ] {
            assert!(takes_help_for_command(code, line), "{line}");
        }
        for (code, line) in [
            (0, "/entrypoint.sh: 47: exec: --help: not found"),
            (127, "/entrypoint.sh: 47: exec: nginx: not found"),
            (1, "cat: --help: No such file or directory"),
            (1, "unknown option: --help"),
            (2, "/usr/bin/which: illegal option --"),
            (126, "/entrypoint.sh: /opt/tool: cannot execute binary file"),
        ] {
            assert!(!takes_help_for_command(code, line), "{line}");
        }
    }
}
