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
mod registered;
mod stub_interpreter;

pub use fault::is_own_fault;
pub use handler::{Executor, Handler, Mark};
pub use launcher::ArgumentPair;
pub use minimal::minimal_program;
pub use notes::Notes;
pub use private_copy::{BEGINNING, PrivateCopy, PrivateCopyError};
pub use probe::{PROBED, probe, probe_in_hexadecimal};
pub use program::{Emulator, EmulatorError, Emulators};
pub use registered::{Flaw, Registered};
pub use stub_interpreter::{TRAP_NAME, stub_interpreter};
