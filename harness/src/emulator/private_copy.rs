//! Copies of emulators that only the kernel can start: how a copy differs from the original.
//!
//! A copy carries the mark in its file, and nowhere in memory: the page that holds the ELF header is
//! loaded from a second copy of it without the mark, which stands behind the original's end together
//! with the program headers and the [launcher](super::launcher).
//!
//! ```text
//! 0                 the original, its header with the mark and with other e_entry, e_phoff, e_phnum
//! end, aligned      the original's first page
//! and behind it     program headers, launcher
//! ```
//!
//! Source: System V gABI, "ELF Header" and "Program Header"; Linux, `fs/binfmt_elf.c`, which finds the
//! program headers for `AT_PHDR` in the segment that holds `e_phoff` (5.18 and later).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use goblin::elf::program_header::{PF_R, PF_X, PT_LOAD, PT_PHDR, ProgramHeader};
use thiserror::Error;

use super::handler::Mark;
use super::launcher::{ArgumentPair, launcher};
use super::program_headers::program_headers;
use crate::platform::Platform;

/// Of the original's beginning, what is looked at: no page of Linux is larger.
pub const BEGINNING: u64 = 1 << 16;
/// Segments are apart by the largest page that there is.
const ALIGNMENT: u64 = 1 << 16;
const PROGRAM_HEADER: u64 = 56;

/// What is written over a copy of an emulator.
#[derive(Debug)]
pub struct PrivateCopy {
    header: Vec<u8>,
    appended: Vec<u8>,
    at: u64,
}

/// Why a copy cannot be made of a file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrivateCopyError {
    /// It is not an ELF file of 64 bits in the host's byte order, or is damaged.
    #[error("the emulator is not a program of this machine")]
    NotAProgram,
    /// Its first segment does not hold the ELF header.
    #[error("the emulator does not begin with its ELF header")]
    Layout,
    /// There is no launcher for the host.
    #[error("sandboxes are not implemented for {0} machines")]
    Host(Platform),
}

impl PrivateCopy {
    /// How to make a copy of an emulator of `length` bytes that begins with these bytes, up to
    /// [`BEGINNING`] of them. `page` is the size of the host's pages in bytes.
    ///
    /// # Errors
    ///
    /// When the file is not an emulator for this host.
    pub fn new(
        (beginning, length): (&[u8], u64),
        (host, page): (Platform, u64),
        mark: Mark,
        arguments: &[ArgumentPair],
    ) -> Result<Self, PrivateCopyError> {
        let original = program_headers(beginning).map_err(|_| PrivateCopyError::NotAProgram)?;
        let old_entry = field(beginning, 24)?;
        let at = length.next_multiple_of(ALIGNMENT);
        let first_page = usize::try_from(page.min(BEGINNING)).unwrap_or(beginning.len());
        let first_page = beginning.get(..first_page.min(beginning.len()));
        let mut appended = first_page.unwrap_or_default().to_vec();
        appended.resize(usize::try_from(page).unwrap_or_default(), 0);

        let mut segments = split_first(original, page, at)?;
        let end = segments.iter().map(|it| it.p_vaddr + it.p_memsz).max().unwrap_or_default();
        let count = segments.len() as u64 + 1;
        let added_at = end.next_multiple_of(ALIGNMENT) + page % ALIGNMENT;
        let code_at = added_at + count * PROGRAM_HEADER;
        let to_entry = i64::try_from(old_entry).unwrap_or(i64::MAX)
            - i64::try_from(code_at).unwrap_or_default();
        let to_entry = i32::try_from(to_entry).map_err(|_| PrivateCopyError::NotAProgram)?;
        let code = launcher(host, arguments, to_entry).ok_or(PrivateCopyError::Host(host))?;
        let size = count * PROGRAM_HEADER + code.len() as u64;
        let added = segment(at + page, added_at, size);
        for it in segments.iter_mut().filter(|it| it.p_type == PT_PHDR) {
            (it.p_offset, it.p_vaddr, it.p_paddr) = (at + page, added_at, added_at);
            (it.p_filesz, it.p_memsz) = (count * PROGRAM_HEADER, count * PROGRAM_HEADER);
        }
        let last = segments.iter().rposition(|it| it.p_type == PT_LOAD).unwrap_or_default();
        segments.insert(last + 1, added);
        appended.extend(segments.iter().flat_map(bytes_of));
        appended.extend(code);

        let mut header = beginning[..64].to_vec();
        let mark_at = usize::try_from(Mark::OFFSET).unwrap_or_default();
        header[mark_at..][..mark.bytes().len()].copy_from_slice(mark.bytes());
        header[24..32].copy_from_slice(&code_at.to_le_bytes());
        header[32..40].copy_from_slice(&(at + page).to_le_bytes());
        let count = u16::try_from(count).map_err(|_| PrivateCopyError::NotAProgram)?;
        header[56..58].copy_from_slice(&count.to_le_bytes());
        Ok(Self { header, appended, at })
    }

    /// Makes a private copy of a copy.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write_over(&self, copy: &File) -> io::Result<()> {
        copy.write_all_at(&self.header, 0)?;
        copy.write_all_at(&self.appended, self.at)
    }
}

/// A number of the ELF header.
fn field(header: &[u8], at: usize) -> Result<u64, PrivateCopyError> {
    let bytes = header.get(at..at + 8).and_then(|it| it.try_into().ok());
    bytes.map(u64::from_le_bytes).ok_or(PrivateCopyError::NotAProgram)
}

/// Has the first page of the first segment come from elsewhere in the file.
fn split_first(
    mut segments: Vec<ProgramHeader>,
    page: u64,
    elsewhere: u64,
) -> Result<Vec<ProgramHeader>, PrivateCopyError> {
    let first = segments.iter().position(|it| it.p_type == PT_LOAD);
    let first = first.ok_or(PrivateCopyError::NotAProgram)?;
    let segment = &mut segments[first];
    if segment.p_offset != 0 || !segment.p_vaddr.is_multiple_of(page) {
        return Err(PrivateCopyError::Layout);
    }
    let rest = ProgramHeader {
        p_offset: page,
        p_vaddr: segment.p_vaddr + page,
        p_paddr: segment.p_paddr + page,
        p_filesz: segment.p_filesz.saturating_sub(page),
        p_memsz: segment.p_memsz.saturating_sub(page),
        ..segment.clone()
    };
    segment.p_offset = elsewhere;
    if rest.p_filesz > 0 {
        (segment.p_filesz, segment.p_memsz) = (page, page);
        segments.insert(first + 1, rest);
    }
    Ok(segments)
}

fn segment(offset: u64, address: u64, size: u64) -> ProgramHeader {
    ProgramHeader {
        p_type: PT_LOAD,
        p_flags: PF_R | PF_X,
        p_offset: offset,
        p_vaddr: address,
        p_paddr: address,
        p_filesz: size,
        p_memsz: size,
        p_align: ALIGNMENT,
    }
}

fn bytes_of(it: &ProgramHeader) -> Vec<u8> {
    let numbers =
        [it.p_offset, it.p_vaddr, it.p_paddr, it.p_filesz, it.p_memsz, it.p_align].into_iter();
    let kind = [it.p_type, it.p_flags].into_iter().flat_map(u32::to_le_bytes);
    kind.chain(numbers.flat_map(u64::to_le_bytes)).collect()
}
