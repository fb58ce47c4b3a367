//! The processes of a sandbox, as its first process sees them.
//!
//! Source: `proc_pid_stat(5)`.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Pid;

/// All processes but the first.
pub(super) fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|it| it.file_name().to_str()?.parse().ok());
    pids.filter(|it| *it != 1).filter_map(Pid::from_raw)
}

/// Whether one of them has not ended.
pub(super) fn is_somebody_there() -> bool {
    processes().any(|it| state(it).is_some_and(|it| it != 'Z'))
}

/// Whether a process has a processor, or waits for one or for its kernel.
pub(super) fn is_running(pid: Pid) -> bool {
    matches!(state(pid), Some('R' | 'D'))
}

/// Waits until all of them have stopped or ended, for so long at most.
pub(super) fn await_stillness(at_most: Duration) {
    let is_moving = |it| state(it).is_some_and(|it| !matches!(it, 'T' | 't' | 'Z' | 'X'));
    let deadline = Instant::now() + at_most;
    while processes().any(is_moving) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What a process does, in a letter.
fn state(pid: Pid) -> Option<char> {
    let text = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let name_ends = text.iter().rposition(|it| *it == b')')?;
    text.get(name_ends + 2).map(|it| char::from(*it))
}
