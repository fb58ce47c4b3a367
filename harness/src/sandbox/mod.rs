//! A place where a variant's program runs without an engine and without root, and can reach nothing:
//! namespaces of its own, a root filesystem of the image's layers, handlers that send every
//! executable through the emulator that was chosen, and no rights.
//!
//! The place is made by archproof itself, started anew with [`ENTER`]: entering a user namespace
//! takes a process of one thread. What it is to do comes over a socket, and so does what came of
//! it; when the socket closes, for whatever reason, the sandbox ends, and the kernel ends everything
//! in it.
//!
//! ```text
//! archproof ──socket──> helper (gives up the user's rights, enters the namespaces, mounts, watches)
//!                         └─ first process of the sandbox (hears of refused programs, reaps)
//!                              └─ the program (a namespace further in, no capabilities, seccomp)
//! ```
//!
//! Source: `user_namespaces(7)`, `pid_namespaces(7)`, `mount_namespaces(7)`, `binfmt_misc` of Linux 6.7.

mod caller;
mod census;
mod clock;
mod confine;
mod enter;
mod executors;
mod fault;
mod filesystem;
mod first;
mod fork;
mod hidden_memory;
mod identities;
mod identity;
mod inherited_limits;
mod mapped_memory;
mod namespaces;
mod network;
mod notify;
mod place;
mod processes;
mod program;
mod protocol;
mod socket_memory;
mod trap;
mod unpack;
mod watch;

pub use clock::{Activity, Clock, PATIENCE, Usage};
pub(crate) use enter::serve;
pub use enter::{ENTER, NOBODY, is_true_root};
pub use fault::Fault;
pub use first::HOST_NAME;
pub(crate) use fork::exit;
pub use protocol::{
    Command, End, Foreign, Handlers, IMAGE_QUOTA, Message, Rank, RunOrder, Task, UnpackOrder,
};
