//! Limits of the user's that a program would inherit, and die of: that would be no fault of its own.
//!
//! Source: getrlimit(2).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::fault::{Fault, While};
use super::protocol::RunOrder;

/// The addresses that an emulator may need, in bytes: those of a program of 32 bits, its own, and what
/// runtimes reserve and never use.
const ADDRESSES: u64 = 16 << 30;

/// Lifts the limits that can be lifted, and refuses those that leave a program less than it may use.
pub(super) fn lift_limits(order: &RunOrder) -> Result<(), Fault> {
    let needs = [
        (Resource::As, ADDRESSES, "the limit of a process's addresses", libc::ENOMEM),
        (Resource::Fsize, order.disk, "the limit of a file's size", libc::EFBIG),
    ];
    for (resource, needed, name, errno) in needs {
        let Rlimit { maximum, .. } = getrlimit(resource);
        if let Some(most) = maximum.filter(|it| *it < needed) {
            let step = "give the program what it may use".to_owned();
            let cause = format!("{name} is {} MiB, less than {} MiB", most >> 20, needed >> 20);
            return Err(Fault { step, cause, errno: Some(errno) });
        }
        let lifted = Rlimit { current: maximum, maximum };
        setrlimit(resource, lifted).to("lift a limit")?;
    }
    Ok(())
}
