//! What the processes of a sandbox use, as its `/proc` tells.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, statat};

use super::clock::{Activity, Usage};

/// The first process of the sandbox, which is archproof's own.
pub(super) const FIRST: &[u8] = b"1";

/// What all processes use at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    /// How many processes there are.
    pub processes: u64,
    /// Memory in bytes that they have resident. What processes share counts for each.
    pub resident: u64,
    /// Memory in bytes that what they have open takes at least.
    pub descriptors: u64,
    /// What they have had of the processors.
    pub usage: Usage,
}

/// One process.
///
/// Source: `proc_pid_stat(5)`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Process {
    activity: Activity,
    own_ticks: u64,
    children_ticks: u64,
    threads: u64,
    pages: u64,
}

impl Census {
    /// Counts the processes of a `/proc`, its first one left out.
    ///
    /// # Errors
    ///
    /// When one of them cannot be looked at: nobody knows then what it uses.
    pub(super) fn take(processes: &OwnedFd) -> io::Result<Self> {
        let mut ticks = 0;
        let mut census = Self::default();
        for name in names(processes)? {
            let Some(process) = look(processes, &name)? else { continue };
            ticks += process.children_ticks;
            if name == FIRST {
                continue;
            }
            ticks += process.own_ticks;
            census.processes += 1;
            census.resident += process.pages * rustix::param::page_size() as u64;
            census.descriptors += open_files(processes, &name) * DESCRIPTOR;
            let is_runnable = |it: &Census| it.usage.activity == Activity::Runnable;
            if !is_runnable(&census) && wants_processor(processes, &name, &process)? {
                census.usage.activity = Activity::Runnable;
            }
        }
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        census.usage.cpu = Duration::from_millis(ticks.saturating_mul(1000) / per_second);
        Ok(census)
    }
}

/// Half of what the smallest pipe holds, in bytes; other open files take less.
///
/// Source: Linux, `fs/pipe.c` (`PIPE_MIN_DEF_BUFFERS`).
pub(super) const DESCRIPTOR: u64 = 4096;

/// How many files a process has open, without a look at each; 0 if it has ended meanwhile.
///
/// Source: `proc_pid_fd(5)`, "the stat(2) size", Linux 6.2.
fn open_files(processes: &OwnedFd, name: &[u8]) -> u64 {
    let found = statat(processes, [name, b"/fd"].concat().as_slice(), AtFlags::empty());
    found.map_or(0, |it| it.st_size.unsigned_abs())
}

/// Whether one of a process's threads could go on if it had a processor. Its own state is that of its first
/// thread, which often does nothing but wait for the others.
fn wants_processor(processes: &OwnedFd, name: &[u8], process: &Process) -> io::Result<bool> {
    if process.activity == Activity::Runnable || process.threads < 2 {
        return Ok(process.activity == Activity::Runnable);
    }
    let path = [name, b"/task"].concat();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(processes, path.as_slice(), flags, Mode::empty());
    let Some(threads) = unless_ended(opened)? else { return Ok(false) };
    let Some(names) = unless_ended(names(&threads))? else { return Ok(false) };
    for thread in names {
        let thread = look(&threads, &thread)?;
        if thread.is_some_and(|it| it.activity == Activity::Runnable) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the folders of processes, or of a process's threads.
pub(super) fn names(folder: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name.first().is_some_and(u8::is_ascii_digit) {
            names.push(name);
        }
    }
    Ok(names)
}

/// `None` for a process that has ended meanwhile.
fn look(processes: &OwnedFd, name: &[u8]) -> io::Result<Option<Process>> {
    let text = read(processes, &[name, b"/stat"].concat())?;
    text.map(|it| parse(&it).ok_or_else(|| io::Error::other("/proc is damaged"))).transpose()
}

/// What a file of `/proc` says; `None` if its process has ended meanwhile.
pub(super) fn read(processes: &OwnedFd, path: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Some(file) = unless_ended(openat(processes, path, flags, Mode::empty()))? else {
        return Ok(None);
    };
    let mut text = Vec::new();
    let read = unless_ended(File::from(file).read_to_end(&mut text))?;
    Ok(read.map(|_| text))
}

/// `None` where a process has ended meanwhile: its folders and files fail in one of two ways, whether they
/// are opened or read.
pub(super) fn unless_ended<T>(result: Result<T, impl Into<io::Error>>) -> io::Result<Option<T>> {
    match result.map_err(Into::into) {
        Ok(it) => Ok(Some(it)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The name of a program, in parentheses, may hold anything; nothing behind it does.
fn parse(text: &[u8]) -> Option<Process> {
    let begin = text.iter().rposition(|it| *it == b')')? + 1;
    let text = std::str::from_utf8(&text[begin..]).ok()?;
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    // The third field is the first here.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let activity =
        if fields.first() == Some(&"R") { Activity::Runnable } else { Activity::Waiting };
    Some(Process {
        activity,
        own_ticks: number(14)? + number(15)?,
        // Signed there, for no reason.
        children_ticks: number(16)? + number(17)?,
        threads: number(20)?,
        pages: number(24)?,
    })
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_program_s_name_misleads_nobody() {
        let text =
            b"7 (x) R 1 (y) S 1 7 7 0 -1 4194304 97 0 0 0 5 6 7 8 20 0 1 0 999 8192 42 184467 0\n";
        let expected = Process {
            activity: Activity::Waiting,
            own_ticks: 11,
            children_ticks: 15,
            threads: 1,
            pages: 42,
        };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse(b"7 (x"), None);
        assert_eq!(parse(b"7 (x) R 1 2"), None);
    }

    #[test]
    fn this_machine_s_processes_are_counted() {
        let processes =
            rustix::fs::open("/proc", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let census = Census::take(&processes.expect("it is there")).expect("they can be seen");
        assert!(census.resident > 1 << 20, "this test itself: {census:?}");
        assert!(census.processes > 0 && census.descriptors >= 3 * DESCRIPTOR, "{census:?}");
    }

    /// Whoever looks may come between its end and everybody's knowing.
    #[test]
    fn a_process_that_has_ended_is_no_fault() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("a process");
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let path = format!("/proc/{}/task", child.id());
        let threads = rustix::fs::open(path, flags, Mode::empty()).expect("it is there");
        child.kill().and_then(|()| child.wait()).expect("it ends");
        assert_eq!(unless_ended(names(&threads)).expect("no fault"), None);
        assert!(unless_ended(Err::<(), _>(Errno::ACCESS)).is_err());
    }

    #[test]
    fn a_thread_that_works_is_seen_behind_one_that_waits() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("a process");
        let processes =
            rustix::fs::open("/proc", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
                .expect("it is there");
        let wants = |name: &str| {
            let process = look(&processes, name.as_bytes()).expect("it can be seen");
            wants_processor(&processes, name.as_bytes(), &process.expect("it is there"))
                .expect("its threads can be seen")
        };
        std::thread::sleep(Duration::from_millis(200));
        assert!(!wants(&child.id().to_string()));
        let ends = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
            assert!(wants(&std::process::id().to_string()));
            ends.store(true, Ordering::Relaxed);
        });
        child.kill().and_then(|()| child.wait()).expect("it ends");
    }
}
