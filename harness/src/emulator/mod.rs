//! QEMU's user-mode emulators: which there are, which CPU models stand for a platform, and how the
//! kernel is told to use them.

mod fault;
mod handler;
mod launcher;
mod minimal;
mod notes;
mod private_copy;
mod probe;
mod program;
mod program_headers;
mod refuser;
mod registered;

pub use fault::is_own_fault;
pub use handler::{Executor, Handler, Mark};
pub use launcher::ArgumentPair;
pub use minimal::minimal_program;
pub use notes::Notes;
pub use private_copy::{BEGINNING, PrivateCopy, PrivateCopyError};
pub use probe::{PROBED, probe};
pub use program::{Emulator, EmulatorError, Emulators};
pub use refuser::{TRAP_NAME, refuser};
pub use registered::{Flaw, Registered};
