//! The instruction that a program died of, as the emulator's trace and the program's file tell it.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

use super::super::start::Start;
use crate::arch::Instructions;
use crate::elf::Data;
use crate::evidence::image::ImagePath;
use crate::evidence::run::Instruction;

/// Has QEMU say each system call and signal on the standard error. Arguments go in pairs.
pub(super) const TRACE: &[[&str; 2]] = &[["-strace", "-strace"]];

/// Finds the instruction of the last SIGILL in a trace, in the program's file. `None` where the trace
/// has none, or the address is not one that the file alone decides.
pub(super) fn find(trace: &str, start: &Start, layers: &[PathBuf]) -> Option<Instruction> {
    let address = last_fault(trace)?;
    let segment = start
        .fixed
        .iter()
        .find(|it| (it.address..it.address.saturating_add(it.file_size)).contains(&address))?;
    let at = segment.offset.checked_add(address - segment.address)?;
    let facts = start.platform.facts();
    let length = match facts.instructions {
        Instructions::Words => 4,
        Instructions::Bytes(longest) => longest,
    };
    let mut bytes = vec![0; length];
    layers.iter().find_map(|it| open_in(it, &start.program))?.read_exact_at(&mut bytes, at).ok()?;
    // As disassemblers write them.
    if facts.instructions == Instructions::Words && facts.elf.data == Data::Lsb {
        bytes.reverse();
    }
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let code = digits.concat();
    Some(Instruction { address, code })
}

/// `--- SIGILL {si_signo=SIGILL, si_code=2, si_addr=0x00000000000572e0} ---`
///
/// Source: QEMU, `linux-user/strace.c` (`print_taken_signal`).
fn last_fault(trace: &str) -> Option<u64> {
    let line = trace.lines().rev().find(|it| it.contains("--- SIGILL {"))?;
    let (_, rest) = line.split_once("si_addr=0x")?;
    let digits = rest.split(|it: char| !it.is_ascii_hexdigit()).next()?;
    u64::from_str_radix(digits, 16).ok()
}

/// A file of an unpacked layer. Links lead out of it, and are not followed.
fn open_in(layer: &PathBuf, path: &ImagePath) -> Option<File> {
    let folder = open(layer, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).ok()?;
    let path = path.as_str().trim_start_matches('/');
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let file: OwnedFd = openat2(&folder, path, flags, Mode::empty(), resolve).ok()?;
    let file = File::from(file);
    file.metadata().is_ok_and(|it| it.is_file()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fault_counts() {
        let trace = "7 read(3) = 5\n--- SIGILL {si_signo=SIGILL, si_code=1, si_addr=0xa8a00} ---\n\
            7 getpid() = 7\n--- SIGILL {si_signo=SIGILL, si_code=1, si_addr=0x0004766c} ---\n\
            qemu: uncaught target signal 4 (Illegal instruction) - core dumped\n";
        assert_eq!(last_fault(trace), Some(0x4766c));
        assert_eq!(last_fault("--- SIGSEGV {si_signo=SIGSEGV, si_addr=0x1} ---"), None);
        assert_eq!(last_fault("--- SIGILL {si_addr=0x} ---"), None);
    }
}
