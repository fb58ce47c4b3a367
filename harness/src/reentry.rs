//! This program, started anew for work of its own that takes a process: it is recognised by the name that
//! it is started under, and does the work before `main`. So a test of somebody else's, which has
//! archproof in it and libtest's `main`, can do what archproof's own program can.

use std::fs;
use std::io;

use crate::harness::{REAP, reap};
use crate::sandbox::{ENTER, exit, serve};

/// What a process is started anew for.
type Work = fn() -> io::Result<()>;

/// The works, by their names.
const WORKS: [(&str, Work); 2] = [(ENTER, serve), (REAP, reap)];

/// Is called before `main`, while the process has one thread, in every program that has this library in
/// it.
///
/// Source: System V gABI, "Initialization and Termination Functions".
#[used]
#[expect(unsafe_code, reason = "what stands in this section is called before main")]
#[unsafe(link_section = ".init_array")]
static WORK_IF_ASKED: extern "C" fn() = work_if_asked;

/// Does the work that this process was started for, if any, and does not return then.
extern "C" fn work_if_asked() {
    let Some(name) = name() else { return };
    let Some((_, work)) = WORKS.iter().find(|it| it.0.as_bytes() == name) else { return };
    ignore_broken_pipes();
    let done = std::panic::catch_unwind(work);
    exit(i32::from(!matches!(done, Ok(Ok(())))));
}

/// The name that this process was started under. C libraries other than glibc do not tell Rust of the
/// arguments before `main`: there the kernel does.
fn name() -> Option<Vec<u8>> {
    if let Some(name) = std::env::args_os().next() {
        return Some(name.into_encoded_bytes());
    }
    let line = fs::read("/proc/self/cmdline").ok()?;
    line.split(|it| *it == 0).next().map(<[u8]>::to_vec)
}

/// Has writing to who is gone fail, instead of ending this process: the standard library does so, but
/// only before `main`.
fn ignore_broken_pipes() {
    // SAFETY: to ignore a signal calls nothing.
    #[expect(unsafe_code, reason = "there is no safe interface to dispositions of signals")]
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}
