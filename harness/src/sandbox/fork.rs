//! A second process of the same program.

use std::fs;
use std::io;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, waitpid};

/// Runs `child` in a new process, which ends with the status that it returns.
///
/// # Errors
///
/// When this process has more than one thread, or there can be no more processes.
pub(super) fn fork(child: impl FnOnce() -> i32) -> io::Result<Pid> {
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("a process of several threads cannot be doubled"));
    }
    // SAFETY: there is no other thread, as was just seen, and nobody could start one since: so no
    // lock is held that the child could wait for, and it may do whatever its parent may.
    #[expect(unsafe_code, reason = "there is no safe interface to fork")]
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // A panic must not unwind into what the parent goes on with.
        let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(101);
        exit(status);
    }
    Pid::from_raw(pid)
        .filter(|it| it.as_raw_nonzero().get() > 0)
        .ok_or_else(io::Error::last_os_error)
}

/// Ends this process at once.
pub(crate) fn exit(status: i32) -> ! {
    // SAFETY: it takes a number and does not return; nothing of the process is used afterwards.
    #[expect(unsafe_code, reason = "std's exit would run what the parent registered for its own")]
    unsafe {
        libc::_exit(status)
    }
}

/// Sends a signal to every process of this namespace but this one. Gives whether there was any.
///
/// # Errors
///
/// When it could not be sent.
pub(super) fn kill_all_others(signal: Signal) -> io::Result<bool> {
    // SAFETY: it takes two numbers. Outside a namespace of its own it would reach all of the user's
    // processes; only the first process of one calls this.
    #[expect(unsafe_code, reason = "there is no safe interface to signals to everybody")]
    let sent = unsafe { libc::kill(-1, signal.as_raw()) };
    if sent == 0 {
        return Ok(true);
    }
    match io::Error::last_os_error() {
        error if error.raw_os_error() == Some(libc::ESRCH) => Ok(false),
        error => Err(error),
    }
}

/// Waits for a child to end.
pub(super) fn wait_for(child: Pid) -> io::Result<WaitStatus> {
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
