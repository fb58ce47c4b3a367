//! QEMU's user-mode emulators: which there are, which CPU models stand for a platform, and how the
//! kernel is told to use them.

mod fault;
mod handler;
mod marked;
mod minimal;
mod model;
mod probe;
mod program;
mod refuser;
mod registered;

pub use fault::is_own_fault;
pub use handler::{Handler, KeepArgv0, Mark};
pub use marked::MarkedFiles;
pub use minimal::minimal_program;
pub use model::{CpuModel, ModelError, NoModel, Processors};
pub use probe::{PROBED, probe};
pub use program::{Emulator, EmulatorError, Emulators};
pub use refuser::{TRAP_NAME, refuser};
pub use registered::{Flaw, Registered};
