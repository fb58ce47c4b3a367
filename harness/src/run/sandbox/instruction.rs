//! The instruction that a program died of, from QEMU's trace and the file that is mapped there.

use std::fs::File;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use goblin::elf::program_header::PF_X;
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

use super::super::start::{Directness, Start};
use super::trace::{Mapped, death};
use crate::arch::{Facts, Instructions};
use crate::elf::{Data, LoadSegment};
use crate::evidence::image::{Content, ImagePath};
use crate::evidence::run::Instruction;

/// Finds the instruction of the last SIGILL in a trace, and the file that holds it. `None` if the trace
/// has none or does not show the file.
pub(super) fn find(trace: &str, start: &Start, layers: &[PathBuf]) -> Option<Instruction> {
    let death = death(trace)?;
    let (file, segment, offset) = match death.mapped {
        // The trace does not show the working directory of a relative path.
        Mapped::File { path, offset } if path.starts_with('/') => {
            let (file, node) = start.files.resolve(&ImagePath::root(), path).ok()?;
            let Some(Content::Elf(facts)) = node.content() else { return None };
            let holds = |it: &&LoadSegment| it.flags & PF_X != 0 && in_file(it).contains(&offset);
            (file, *facts.loads.iter().find(holds)?, offset)
        }
        Mapped::ByEmulator if start.directness == Directness::Direct => {
            let in_memory = |it: &LoadSegment| it.address..it.address.saturating_add(it.file_size);
            let segment = *start.fixed.iter().find(|it| in_memory(it).contains(&death.address))?;
            let offset = segment.offset.checked_add(death.address - segment.address)?;
            (start.program.clone(), segment, offset)
        }
        Mapped::File { .. } | Mapped::ByEmulator | Mapped::Unknown => return None,
    };
    let code =
        code(&start.platform.facts(), &layers.iter().find_map(|it| open_in(it, &file))?, offset)?;
    let address = segment.address.checked_add(offset - segment.offset)?;
    Some(Instruction { file, address, code })
}

fn in_file(segment: &LoadSegment) -> Range<u64> {
    segment.offset..segment.offset.saturating_add(segment.file_size)
}

/// The instruction's bytes, as disassemblers print them.
fn code(facts: &Facts, file: &File, offset: u64) -> Option<String> {
    let length = match facts.instructions {
        Instructions::Words => 4,
        Instructions::Bytes(longest) => longest,
    };
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset).ok()?;
    if facts.instructions == Instructions::Words && facts.elf.data == Data::Lsb {
        bytes.reverse();
    }
    Some(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
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
