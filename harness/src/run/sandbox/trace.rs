//! QEMU's trace of system calls and signals (`-strace`): which file is mapped at the address of an
//! illegal instruction.
//!
//! The trace shares standard error with the program, which can forge it. All it achieves is that a
//! finding names another file of the same image.
//!
//! Source: QEMU 10.0, `linux-user/strace.c`.

use std::collections::HashMap;

/// A program's death by an illegal instruction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Death<'a> {
    /// The address of the instruction in memory.
    pub(super) address: u64,
    /// What is mapped there.
    pub(super) mapped: Mapped<'a>,
}

/// What is mapped at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mapped<'a> {
    /// Nothing that the program mapped: QEMU loads the program and its interpreter itself.
    ByEmulator,
    /// Memory without a file, or a program that was executed later.
    Unknown,
    /// A file.
    File {
        /// The path by which the program opened it.
        path: &'a str,
        /// The position in the file that belongs to the address, in bytes.
        offset: u64,
    },
}

/// The last SIGILL that the processor raised, and what is mapped at its address.
pub(super) fn death(trace: &str) -> Option<Death<'_>> {
    let (at, address) = trace.rmatch_indices("--- SIGILL {").find_map(|(at, _)| {
        let line = trace[at..].lines().next()?;
        Some((at, hexadecimal(line.split_once("si_addr=")?.1)?))
    })?;
    let mut space = Space::default();
    trace[..at].lines().for_each(|line| space.note(line));
    Some(Death { address, mapped: space.at(address) })
}

/// Open files and mappings, by process.
#[derive(Default)]
struct Space<'a> {
    open: HashMap<(&'a str, &'a str), &'a str>,
    mappings: Vec<Mapping<'a>>,
    /// How many times each process called `execve`: earlier mappings are gone.
    programs: HashMap<&'a str, usize>,
    /// The process of the last line.
    process: &'a str,
}

struct Mapping<'a> {
    process: &'a str,
    program: usize,
    start: u64,
    size: u64,
    mapped: Mapped<'a>,
}

/// The unit of `mmap2`'s offset, in bytes.
const UNIT: u64 = 4096;

impl<'a> Space<'a> {
    /// A line is `7 openat(AT_FDCWD,"/lib/x.so",O_RDONLY) = 3`. A call of another process that has not
    /// returned yet can precede it on the same line.
    fn note(&mut self, line: &'a str) {
        let Some((before, arguments, result)) = call(line) else { return };
        let (before, name) = before.rsplit_once(' ').unwrap_or(("", before));
        let process = &before[before.trim_end_matches(|it: char| it.is_ascii_digit()).len()..];
        self.process = process;
        match name {
            "open" | "openat" => {
                if let Some(path) = arguments.split('"').nth(1) {
                    self.open.insert((process, result), path);
                }
            }
            "mmap" => self.map(process, arguments, result, 1),
            "mmap2" => self.map(process, arguments, result, UNIT),
            "execve" => *self.programs.entry(process).or_default() += 1,
            _ => {}
        }
    }

    fn map(&mut self, process: &'a str, arguments: &'a str, result: &str, unit: u64) {
        let mut fields = arguments.split(',');
        let size = fields.nth(1).and_then(|it| it.parse().ok());
        let file = fields.nth(2).map(|it| self.open.get(&(process, it)).copied());
        let offset = fields.next().and_then(number).and_then(|it| it.checked_mul(unit));
        let (Some(size), Some(file), Some(start)) = (size, file, number(result)) else { return };
        let mapped = match (file, offset) {
            (Some(path), Some(offset)) => Mapped::File { path, offset },
            _ => Mapped::Unknown,
        };
        let program = self.program_of(process);
        self.mappings.push(Mapping { process, program, start, size, mapped });
    }

    fn program_of(&self, process: &str) -> usize {
        self.programs.get(process).copied().unwrap_or_default()
    }

    /// A forked child inherits mappings, and the trace does not name its parent: so the mappings of all
    /// processes count where its own have nothing, until it calls `execve`.
    fn at(&self, address: u64) -> Mapped<'a> {
        let holds = |it: &&Mapping<'a>| {
            let is_there = (it.start..it.start.saturating_add(it.size)).contains(&address);
            is_there && it.program == self.program_of(it.process)
        };
        let is_own = |it: &&Mapping<'a>| it.process == self.process && holds(it);
        let own = self.mappings.iter().rev().find(is_own);
        let inherits = self.program_of(self.process) == 0;
        let inherited = || self.mappings.iter().rev().find(holds).filter(|_| inherits);
        match own.or_else(inherited) {
            Some(Mapping { start, mapped: Mapped::File { path, offset }, .. }) => {
                Mapped::File { path, offset: offset.saturating_add(address - start) }
            }
            Some(Mapping { mapped, .. }) => *mapped,
            None if inherits => Mapped::ByEmulator,
            None => Mapped::Unknown,
        }
    }
}

/// The text before the arguments of a call, its arguments, and its result; `None` if it failed.
fn call(line: &str) -> Option<(&str, &str, &str)> {
    const CALLS: [&str; 5] = ["openat(", "open(", "mmap(", "mmap2(", "execve("];
    let found = CALLS.iter().filter_map(|it| Some(line.rfind(it)? + it.len()));
    let from = found.max()?;
    let (before, rest) = (&line[..from - 1], &line[from..]);
    // A call that has not returned has no result.
    let (arguments, result) = rest.rsplit_once(") = ").unwrap_or((rest, ""));
    let result = result.split(' ').next().unwrap_or_default();
    (!result.starts_with('-')).then_some((before, arguments, result))
}

/// A decimal or hexadecimal number.
fn number(text: &str) -> Option<u64> {
    if text.starts_with("0x") { hexadecimal(text) } else { text.parse().ok() }
}

/// The hexadecimal number that a text begins with, such as `0x4766c`.
fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?.split(|it: char| !it.is_ascii_hexdigit()).next()?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ILL: &str = "--- SIGILL {si_signo=SIGILL, si_code=2, si_addr=";

    fn mapped(lines: &str, address: &str) -> Option<String> {
        let trace = format!("{lines}\n{ILL}{address}}} ---\nqemu: uncaught target signal 4\n");
        match death(&trace).expect("a death").mapped {
            Mapped::ByEmulator => None,
            Mapped::Unknown => Some("unknown".to_owned()),
            Mapped::File { path, offset } => Some(format!("{path} {offset:#x}")),
        }
    }

    #[test]
    fn the_last_death_counts() {
        let address = |trace| death(trace).map(|it| it.address);
        let trace =
            format!("7 read(3) = 5\n{ILL}0xa8a00}} ---\n7 getpid() = 7\n{ILL}0x0004766c}} ---\n");
        assert_eq!(address(&trace), Some(0x4766c));
        assert_eq!(address("--- SIGSEGV {si_signo=SIGSEGV, si_addr=0x1} ---"), None);
        assert_eq!(address("--- SIGILL {si_addr=0x} ---"), None);
        let sent =
            format!("{ILL}0x10}} ---\n--- SIGILL {{si_code=SI_USER, si_pid=7, si_uid=0}} ---");
        assert_eq!(address(&sent), Some(0x10));
    }

    #[test]
    fn the_file_that_was_mapped_last_is_named() {
        let loaded = r#"7 openat(AT_FDCWD,"/lib/x.so",O_RDONLY|O_CLOEXEC) = 3
7 mmap(NULL,8192,PROT_NONE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0) = 0x0000004000010000
7 mmap(0x0000004000010000,4096,PROT_EXEC|PROT_READ,MAP_PRIVATE|MAP_FIXED,3,0x2000) = 0x0000004000010000
7 close(3) = 0"#;
        assert_eq!(mapped(loaded, "0x4000010078").as_deref(), Some("/lib/x.so 0x2078"));
        assert_eq!(mapped(loaded, "0x4000011000").as_deref(), Some("unknown"));
        assert_eq!(mapped(loaded, "0x4000020000"), None);
        let replaced = format!(
            "{loaded}\n7 mmap(0x0000004000010000,4096,PROT_EXEC,MAP_FIXED|MAP_ANONYMOUS,-1,0) = 0x0000004000010000"
        );
        assert_eq!(mapped(&replaced, "0x4000010078").as_deref(), Some("unknown"));
    }

    #[test]
    fn calls_of_32_bits_count_pages() {
        let loaded = "7 open(\"/lib/x.so\",O_RDONLY) = 3\n\
            7 mmap2(NULL,4096,PROT_EXEC|PROT_READ,MAP_PRIVATE,3,0x2) = 0x40010000";
        assert_eq!(mapped(loaded, "0x40010010").as_deref(), Some("/lib/x.so 0x2010"));
    }

    #[test]
    fn processes_are_kept_apart() {
        let lines = r#"7 openat(AT_FDCWD,"/lib/a.so",O_RDONLY) = 3
7 mmap(NULL,4096,PROT_EXEC,MAP_PRIVATE,3,0) = 0x0000000000010000
7 wait4(-1,0x7f4b,0,(nil))8 execve("/usr/bin/app",{"app",NULL})
8 openat(AT_FDCWD,"/lib/b.so",O_RDONLY) = 3
8 mmap(NULL,4096,PROT_EXEC,MAP_PRIVATE,3,0) = 0x0000000000010000"#;
        assert_eq!(mapped(lines, "0x10004").as_deref(), Some("/lib/b.so 0x4"));
        let executed = format!("{lines}\n8 execve(\"/bin/other\",{{\"other\",NULL}})");
        assert_eq!(mapped(&executed, "0x10004").as_deref(), Some("unknown"));
        let forked = lines.replace("execve(\"/usr/bin/app\",{\"app\",NULL})", "getpid() = 8");
        let of_parent = forked.replace("8 mmap", "8 munmap");
        assert_eq!(mapped(&of_parent, "0x10004").as_deref(), Some("/lib/a.so 0x4"));
    }

    #[test]
    fn what_failed_maps_nothing() {
        let failed = "7 openat(AT_FDCWD,\"/lib/x.so\",O_RDONLY) = -1 errno=2 (No such file)\n\
            7 mmap(NULL,4096,PROT_EXEC,MAP_PRIVATE,3,0) = -1 errno=9 (Bad file descriptor)";
        assert_eq!(mapped(failed, "0x10004"), None);
        for odd in ["mmap(", "7 mmap() = 0x1", "openat(\") = 3", ") = 3", "é open(\"é"] {
            assert_eq!(mapped(odd, "0x10004"), None, "{odd}");
        }
    }
}
