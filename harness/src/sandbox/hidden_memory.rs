//! Memory of a sandbox that no process has resident.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, readlinkat, statat};

use super::census::{DESCRIPTOR, FIRST, names, read, unless_ended};
use super::socket_memory::SocketMemory;

/// Looks for memory that no process has resident.
#[derive(Debug)]
pub(super) struct HiddenMemory {
    sockets: SocketMemory,
}

impl HiddenMemory {
    /// For the processes of this thread's network and IPC namespaces.
    pub(super) fn new() -> Self {
        Self { sockets: SocketMemory::new() }
    }

    /// How much there is, in bytes: page tables, files in memory that only descriptors lead to, what
    /// System V's shared memory, semaphores and messages take, and what sockets hold. More descriptors
    /// than the limit has memory for are not looked at, so that looking takes no time that an attacker
    /// chooses: whoever counts them ends the sandbox.
    ///
    /// # Errors
    ///
    /// When a process cannot be looked at.
    pub(super) fn total(&mut self, processes: &OwnedFd, limit: u64) -> io::Result<u64> {
        let mut found = Found::default();
        for name in names(processes)? {
            let Some(status) = read(processes, &[name.as_slice(), b"/status"].concat())? else {
                continue;
            };
            found.page_tables += page_tables(&status).unwrap_or_default();
            if name != FIRST {
                found.add_files(processes, &name, limit)?;
            }
            if found.total() > limit {
                return Ok(found.total());
            }
        }
        Ok(found.total() + system_v(processes)? + self.sockets.total()?)
    }
}

/// What was found so far, in bytes.
#[derive(Debug, Default)]
struct Found {
    page_tables: u64,
    /// How many descriptors were looked at.
    descriptors: u64,
    /// Files in memory, by their numbers.
    files: HashMap<u64, u64>,
}

impl Found {
    fn total(&self) -> u64 {
        self.page_tables + self.files.values().sum::<u64>()
    }

    /// Adds what a process has open.
    fn add_files(&mut self, processes: &OwnedFd, name: &[u8], limit: u64) -> io::Result<()> {
        let path = [name, b"/fd"].concat();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match unless_ended(openat(processes, path.as_slice(), flags, Mode::empty())) {
            Ok(Some(folder)) => unless_ended(self.add_entries(&folder, limit)).map(|_| ()),
            Ok(None) => Ok(()),
            // An emulator that has just been started, and is not dumpable yet: it opens itself up first.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn add_entries(&mut self, folder: &OwnedFd, limit: u64) -> io::Result<()> {
        /// Of the kernel's own, in `st_blocks`.
        const BLOCK: u64 = 512;
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            self.descriptors += 1;
            if self.descriptors > limit / DESCRIPTOR {
                break;
            }
            let target = readlinkat(folder, entry.file_name(), Vec::new()).unwrap_or_default();
            if target.to_bytes().starts_with(b"/memfd:")
                && let Ok(found) = statat(folder, entry.file_name(), AtFlags::empty())
            {
                self.files.insert(found.st_ino, found.st_blocks.unsigned_abs() * BLOCK);
            }
        }
        Ok(())
    }
}

/// What the objects of System V take that belong to no process, in bytes. Kernels without them lack the
/// files.
fn system_v(processes: &OwnedFd) -> io::Result<u64> {
    let mut total = 0;
    for (path, size) in [
        (&b"sysvipc/shm"[..], detached as fn(&[u64]) -> Option<u64>),
        (b"sysvipc/sem", semaphores),
        (b"sysvipc/msg", messages),
    ] {
        total += read(processes, path)?.map_or(0, |it| sum_lines(&it, size));
    }
    Ok(total)
}

/// Adds what each line but the first stands for.
fn sum_lines(table: &[u8], size: fn(&[u64]) -> Option<u64>) -> u64 {
    let text = String::from_utf8_lossy(table);
    let of_line = |line: &str| {
        let fields: Vec<u64> =
            line.split_ascii_whitespace().map_while(|it| it.parse().ok()).collect();
        size(&fields)
    };
    text.lines().skip(1).filter_map(of_line).sum()
}

/// A segment of shared memory that nobody is attached to.
///
/// Source: Linux, `ipc/shm.c` (`sysvipc_shm_proc_show`).
fn detached(segment: &[u64]) -> Option<u64> {
    const ATTACHED: usize = 6;
    const RESIDENT: usize = 14;
    (segment.get(ATTACHED) == Some(&0)).then(|| segment.get(RESIDENT).copied())?
}

/// A set of semaphores, each of which has a cache line of its own.
///
/// Source: Linux, `ipc/sem.c` (`struct sem`, `sysvipc_sem_proc_show`).
fn semaphores(set: &[u64]) -> Option<u64> {
    const COUNT: usize = 3;
    const EACH: u64 = 64;
    Some(set.get(COUNT)?.saturating_mul(EACH))
}

/// A queue of messages, each of which has a header.
///
/// Source: Linux, `ipc/msg.c` (`sysvipc_msg_proc_show`), `ipc/msgutil.c`.
fn messages(queue: &[u64]) -> Option<u64> {
    const BYTES: usize = 3;
    const COUNT: usize = 4;
    const HEADER: u64 = 64;
    Some(queue.get(BYTES)?.saturating_add(queue.get(COUNT)?.saturating_mul(HEADER)))
}

/// `VmPTE`, in bytes.
fn page_tables(status: &[u8]) -> Option<u64> {
    let line = status.split(|it| *it == b'\n').find(|it| it.starts_with(b"VmPTE:"))?;
    let text = std::str::from_utf8(line).ok()?;
    Some(text.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_nobody_has_resident_is_found() {
        let header =
            "key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap\n";
        let segment = |attached| format!("0 5 600 8192 7 7 {attached} 0 0 0 0 1 0 1 4096 0\n");
        let segments = [header.to_owned(), segment(0), segment(1)].concat();
        assert_eq!(sum_lines(segments.as_bytes(), detached), 4096);
        assert_eq!(sum_lines(b"", detached), 0);
        let sets = b"key semid perms nsems uid\n0 1 600 32000 0\n0 2 600 1 0\n";
        assert_eq!(sum_lines(sets, semaphores), 32001 * 64);
        let queues = b"key msqid perms cbytes qnum\n0 1 600 16000 1000\n";
        assert_eq!(sum_lines(queues, messages), 80000);
        assert_eq!(page_tables(b"VmRSS:\t 9 kB\nVmPTE:\t      96 kB\n"), Some(96 << 10));
        assert_eq!(page_tables(b"Name:\tkthreadd\n"), None);
    }
}
