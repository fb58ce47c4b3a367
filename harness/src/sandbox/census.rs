//! What the processes of a sandbox use, as its `/proc` tells.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, readlinkat, statat};
use rustix::io::Errno;

use super::clock::{Activity, Usage};

/// The first process of the sandbox, which is archproof's own.
const FIRST: &[u8] = b"1";

/// What all processes use at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    /// Memory in bytes. What processes share counts for each.
    pub memory: u64,
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
            census.memory += process.pages * rustix::param::page_size() as u64;
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

/// Memory that no process has resident, in bytes: page tables, files in memory that only descriptors
/// lead to, and shared memory that nobody is attached to. What lies in sockets and pipes is not seen.
///
/// # Errors
///
/// When a process cannot be looked at.
pub(super) fn hidden_memory(processes: &OwnedFd) -> io::Result<u64> {
    let mut files = HashMap::new();
    let mut tables = 0;
    for name in names(processes)? {
        let Some(status) = read(processes, &[name.as_slice(), b"/status"].concat())? else {
            continue;
        };
        tables += page_tables(&status).unwrap_or_default();
        if name != FIRST {
            count_files(processes, &name, &mut files)?;
        }
    }
    let segments = read(processes, b"sysvipc/shm")?.map_or(0, |it| detached(&it));
    Ok(tables + segments + files.values().sum::<u64>())
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
    for thread in names(&threads)? {
        let thread = look(&threads, &thread)?;
        if thread.is_some_and(|it| it.activity == Activity::Runnable) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the folders of processes, or of a process's threads.
fn names(folder: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name.first().is_some_and(u8::is_ascii_digit) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Adds the files in memory that a process has open, by their numbers.
fn count_files(processes: &OwnedFd, name: &[u8], files: &mut HashMap<u64, u64>) -> io::Result<()> {
    /// Of the kernel's own, in `st_blocks`.
    const BLOCK: u64 = 512;
    let path = [name, b"/fd"].concat();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = match unless_ended(openat(processes, path.as_slice(), flags, Mode::empty())) {
        Ok(Some(folder)) => folder,
        Ok(None) => return Ok(()),
        // An emulator that has just been started, and is not dumpable yet: it opens itself up first.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let target = readlinkat(&folder, entry.file_name(), Vec::new()).unwrap_or_default();
        if target.to_bytes().starts_with(b"/memfd:")
            && let Ok(found) = statat(&folder, entry.file_name(), AtFlags::empty())
        {
            files.insert(found.st_ino, found.st_blocks.unsigned_abs() * BLOCK);
        }
    }
    Ok(())
}

/// `VmPTE`, in bytes.
fn page_tables(status: &[u8]) -> Option<u64> {
    let line = status.split(|it| *it == b'\n').find(|it| it.starts_with(b"VmPTE:"))?;
    let text = std::str::from_utf8(line).ok()?;
    Some(text.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

/// What segments of System V's shared memory take that nobody is attached to, in bytes.
///
/// Source: Linux, `ipc/shm.c` (`sysvipc_shm_proc_show`).
fn detached(segments: &[u8]) -> u64 {
    const ATTACHED: usize = 6;
    const RESIDENT: usize = 14;
    let text = String::from_utf8_lossy(segments);
    let of_line = |line: &str| {
        let fields: Vec<u64> =
            line.split_ascii_whitespace().map_while(|it| it.parse().ok()).collect();
        (fields.get(ATTACHED) == Some(&0)).then(|| fields.get(RESIDENT).copied())?
    };
    text.lines().skip(1).filter_map(of_line).sum()
}

/// `None` for a process that has ended meanwhile.
fn look(processes: &OwnedFd, name: &[u8]) -> io::Result<Option<Process>> {
    let text = read(processes, &[name, b"/stat"].concat())?;
    text.map(|it| parse(&it).ok_or_else(|| io::Error::other("/proc is damaged"))).transpose()
}

/// What a file of `/proc` says; `None` if its process has ended meanwhile.
fn read(processes: &OwnedFd, path: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Some(file) = unless_ended(openat(processes, path, flags, Mode::empty()))? else {
        return Ok(None);
    };
    let mut text = Vec::new();
    match File::from(file).read_to_end(&mut text) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

fn unless_ended(opened: Result<OwnedFd, Errno>) -> io::Result<Option<OwnedFd>> {
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT | Errno::SRCH) => Ok(None),
        Err(error) => Err(error.into()),
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
    fn memory_that_nobody_has_resident_is_found() {
        let header =
            "key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap\n";
        let segment = |attached| format!("0 5 600 8192 7 7 {attached} 0 0 0 0 1 0 1 4096 0\n");
        let segments = [header.to_owned(), segment(0), segment(1)].concat();
        assert_eq!(detached(segments.as_bytes()), 4096);
        assert_eq!(detached(b""), 0);
        assert_eq!(page_tables(b"VmRSS:\t 9 kB\nVmPTE:\t      96 kB\n"), Some(96 << 10));
        assert_eq!(page_tables(b"Name:\tkthreadd\n"), None);
    }

    #[test]
    fn this_machine_s_processes_are_counted() {
        let processes =
            rustix::fs::open("/proc", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let census = Census::take(&processes.expect("it is there")).expect("they can be seen");
        assert!(census.memory > 1 << 20, "this test itself: {census:?}");
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
