//! What goes over the socket between archproof and its helper: one order, then messages back.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::elf::ElfTarget;
use crate::emulator::ArgumentPair;

/// What a helper is started for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Run a program.
    Run(RunOrder),
    /// Unpack a layer, whose tar follows the order.
    Unpack(UnpackOrder),
}

/// A program to be run. Relative paths are those of the helper's working directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunOrder {
    /// The unpacked layers, the topmost first.
    pub layers: Vec<PathBuf>,
    /// An empty directory, over which the sandbox puts its own.
    pub staging: PathBuf,
    /// What executes what.
    pub handlers: Handlers,
    /// The program.
    pub command: Command,
    /// Memory that it may use, in bytes, the emulator's own included.
    pub memory: u64,
    /// What it may write to its root filesystem, in bytes.
    pub disk: u64,
    /// How long it may take. What it waits for a processor does not count, up to a limit.
    pub time: Duration,
    /// Processes and threads that it may have.
    pub processes: u64,
}

/// What executes ELF files: private copies of emulators those of the platform's machines, and a program
/// that refuses all others, on hosts for which there is one. Other hosts execute natively what they can.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handlers {
    /// The machines, and the emulator of each.
    pub emulated: Vec<(ElfTarget, PathBuf)>,
    /// What every emulator is told, whatever the program's environment says.
    pub arguments: Vec<ArgumentPair>,
}

/// What the first process executes, as the OCI runtime would.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Command {
    /// The words; the first is searched for in PATH.
    pub words: Vec<String>,
    /// `NAME=value`.
    pub env: Vec<String>,
    /// Where it starts.
    pub working_dir: String,
    /// Directories that the image lacks and the program finds, relative to the root.
    pub directories: Vec<PathBuf>,
    /// Files that the program finds in place of the image's, relative to the root, and what they say.
    pub files: Vec<(PathBuf, String)>,
    /// The user's number in the image.
    pub uid: u32,
    /// The group's number in the image.
    pub gid: u32,
    /// Which process it is, by its own count.
    pub rank: Rank,
}

/// Which process a program is, by its own count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rank {
    /// Any but the first: a first process does not die of signals that it does not handle, and the
    /// emulator ends of a program's deadly signal by sending it to itself.
    Later,
    /// The first, in a namespace of its own. Some inits insist.
    First,
}

/// A layer to be unpacked over others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnpackOrder {
    /// The unpacked layers below, the topmost first.
    pub below: Vec<PathBuf>,
    /// Where its files go.
    pub files: PathBuf,
    /// An empty directory of the same filesystem, which the kernel works in.
    pub work: PathBuf,
    /// An empty directory, over which the sandbox puts its own.
    pub staging: PathBuf,
    /// What it may take on the disk, in bytes.
    pub quota: u64,
}

/// What all layers of an image may take on the disk, in bytes.
pub const IMAGE_QUOTA: u64 = 32 << 30;

/// What a helper says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// The sandbox is made, and the program is about to begin.
    Started,
    /// The program, or a child of it, was to execute a file of another machine.
    Foreign(Foreign),
    /// The program has ended.
    Ended(End),
    /// The layer is unpacked, and takes so many bytes.
    Unpacked {
        /// How many.
        size: u64,
    },
    /// It could not be done.
    Failed(Fault),
}

/// A file that was not executed, for it is of another machine than the variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// Its path, as it was to be executed.
    pub path: String,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// By itself, with a status.
    Exited(i32),
    /// Of a signal.
    Signalled(i32),
    /// It was killed for using more memory than it may.
    OutOfMemory,
    /// It was killed for taking longer than it may.
    TimedOut,
}
