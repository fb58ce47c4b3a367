//! What a file is, told from its bytes alone: neither its name nor its mode counts.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::handover;
use super::loader_cache::{self, LoaderCache};
use super::packages::{self, Packages};
use crate::dockerfile::is_shell;
use crate::elf::{self, ElfFacts, Malformation};
use crate::text::escape;

/// What the kernel would make of a regular file, and what it says if it is ELF.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// No bytes at all.
    Empty,
    /// ELF that can be read at least in part.
    Elf(Box<ElfFacts>),
    /// Begins as ELF, and then not even the header can be read.
    BrokenElf(Malformation),
    /// Begins with `#!`.
    Script(Shebang),
    /// Text whose `#!` is not at its very beginning, where alone the kernel looks for it.
    MisplacedShebang(Misplacement),
    /// An executable of another operating system.
    Foreign(ForeignFormat),
    /// Text that decides how programs are started, kept for that: `passwd`, `group`,
    /// `ld.so.preload`, musl's `ld-musl-ARCH.path`.
    Text(String),
    /// Where glibc's loader finds libraries.
    LoaderCache(LoaderCache),
    /// What a package manager says is installed.
    Packages(Packages),
    /// Anything else.
    Data,
}

/// What hides a `#!` from the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misplacement {
    /// A byte order mark before it.
    ByteOrderMark,
    /// Blank lines, blanks or comments before it.
    LaterLine,
}

/// A format that Linux does not execute by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForeignFormat {
    /// Windows: Portable Executable.
    Pe,
    /// macOS: Mach-O, one architecture or several.
    MachO,
    /// .NET assembly, a PE file for a virtual machine.
    DotNet,
    /// WebAssembly module.
    Wasm,
}

impl ForeignFormat {
    /// Whether a program of any platform can load it, so that it has its place in a Linux image.
    #[must_use]
    pub const fn is_portable(self) -> bool {
        matches!(self, Self::DotNet | Self::Wasm)
    }
}

impl fmt::Display for ForeignFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pe => "a Windows executable (PE)",
            Self::MachO => "a macOS executable (Mach-O)",
            Self::DotNet => "a .NET assembly",
            Self::Wasm => "a WebAssembly module",
        })
    }
}

/// The first line of a script as Linux takes it apart (`fs/binfmt_script.c`): the interpreter,
/// then all the rest of the line as one argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shebang {
    /// The interpreter's path as written; empty if the line names none.
    pub interpreter: String,
    /// The rest of the line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub argument: String,
    /// The whole script, where it is a shell's and may execute its arguments as a command; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// The kernel looks at no more of the first line (`BINPRM_BUF_SIZE`).
const SHEBANG_LIMIT: usize = 256;
/// Enough for every magic and for a comment before a misplaced `#!`.
const HEAD: usize = 1024;
/// Larger text is not kept.
const TEXT_LIMIT: u64 = 1 << 20;

/// Reads a file from its beginning, to the end only if it is kept. `name` decides whether text is,
/// nothing else. An ELF file that is larger than a limit, in bytes, is an error.
///
/// # Errors
///
/// The reader's.
pub(super) fn read_content(
    name: &str,
    size: u64,
    elf_limit: u64,
    reader: &mut impl Read,
) -> io::Result<Content> {
    let mut head = [0; HEAD];
    let filled = read_head(&mut head, reader)?;
    let head = &head[..filled];
    if head.starts_with(&elf::MAGIC) {
        if size > elf_limit {
            let why = format!("an ELF file of {size} bytes is too large to read");
            return Err(io::Error::other(why));
        }
        return read_elf(head, size, reader);
    }
    if loader_cache::is_cache(head) && size <= loader_cache::SIZE_LIMIT {
        let bytes = with_rest(head, reader)?;
        return Ok(LoaderCache::parse(&bytes).map_or(Content::Data, Content::LoaderCache));
    }
    if packages::is_list(head) && size <= packages::SIZE_LIMIT {
        return Ok(Content::Packages(Packages::parse(&with_rest(head, reader)?)));
    }
    let content = classify(head);
    if let Content::Script(shebang) = content {
        let source = if shebang.is_of_shell() && size <= handover::LONGEST {
            handover_source(head, reader)?
        } else {
            String::new()
        };
        return Ok(Content::Script(Shebang { source, ..shebang }));
    }
    let is_text = matches!(content, Content::Empty | Content::Data);
    if is_text && is_kept(name) && size <= TEXT_LIMIT {
        return Ok(Content::Text(escape(&with_rest(head, reader)?)));
    }
    Ok(content)
}

fn read_head(head: &mut [u8], reader: &mut impl Read) -> io::Result<usize> {
    let mut filled = 0;
    while filled < head.len() {
        match reader.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(size) => filled += size,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The text of a script that may hand on its arguments.
fn handover_source(head: &[u8], reader: &mut impl Read) -> io::Result<String> {
    let text = with_rest(head, reader)?;
    Ok(if handover::may_hand_on(&text) { escape(&text) } else { String::new() })
}

fn with_rest(head: &[u8], reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = head.to_vec();
    reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Content {
    /// About the memory that it takes beside itself, in bytes.
    pub(super) fn size_in_memory(&self) -> usize {
        match self {
            Self::Elf(facts) => facts.size_in_memory(),
            Self::Script(Shebang { interpreter, argument, source }) => {
                interpreter.len() + argument.len() + source.len()
            }
            Self::Text(text) => text.len(),
            Self::LoaderCache(cache) => cache.size_in_memory(),
            Self::Packages(packages) => packages.size_in_memory(),
            _ => 0,
        }
    }
}

/// Files larger than this, in bytes, are held in memory one at a time.
const LARGE: u64 = 4 << 20;
/// Larger ELF files, in bytes, are not read: no loader of today would take them.
pub(super) const ELF_LIMIT: u64 = 4 << 30;
/// What the buffer for large files keeps from one to the next, in bytes.
const KEPT: usize = 64 << 20;

// Thousands of files pass through the same memory, which the kernel has to clear but once.
static LARGE_BUFFER: Mutex<Vec<u8>> = Mutex::new(Vec::new());
thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn read_elf(head: &[u8], size: u64, reader: &mut impl Read) -> io::Result<Content> {
    if size <= LARGE {
        return BUFFER.with_borrow_mut(|buffer| read_elf_into(buffer, head, size, reader));
    }
    let needed = ElfFacts::needed_size(head, size);
    // Whoever panicked with it left bytes that are of no use to anybody.
    let mut buffer = LARGE_BUFFER.lock().unwrap_or_else(PoisonError::into_inner);
    if needed > KEPT as u64 {
        // What is left of the last one would lie beside it.
        *buffer = Vec::new();
        return Ok(facts_of(&read_huge(head, needed, reader)?));
    }
    let size = needed;
    let content = read_elf_into(&mut buffer, head, size, reader);
    buffer.clear();
    buffer.shrink_to(KEPT);
    content
}

fn read_elf_into(
    buffer: &mut Vec<u8>,
    head: &[u8],
    size: u64,
    reader: &mut impl Read,
) -> io::Result<Content> {
    buffer.clear();
    buffer.extend(head);
    reserve(buffer, size)?;
    reader.take(size.saturating_sub(buffer.len() as u64)).read_to_end(buffer)?;
    Ok(facts_of(buffer))
}

fn facts_of(bytes: &[u8]) -> Content {
    match ElfFacts::read(bytes) {
        Ok(facts) => Content::Elf(Box::new(facts)),
        Err(malformation) => Content::BrokenElf(malformation),
    }
}

/// Finds room for a file. Where memory is short that is an error of this image, not the end of the
/// program.
fn reserve(bytes: &mut Vec<u8>, size: u64) -> io::Result<usize> {
    let whole = usize::try_from(size).map_err(io::Error::other)?;
    let more = whole.saturating_sub(bytes.len());
    bytes.try_reserve_exact(more).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    Ok(whole)
}

/// Reads a file of which zeros take no memory: a file of gigabytes of them costs whoever sends it
/// nothing. What the kernel clears is there only from when something is written to it.
fn read_huge(head: &[u8], size: u64, reader: &mut impl Read) -> io::Result<Vec<u8>> {
    const PIECE: usize = 64 << 10;
    static ZEROS: [u8; PIECE] = [0; PIECE];
    // Cleared memory cannot be asked for in vain without ending the program: so it is asked for twice.
    let whole = reserve(&mut Vec::new(), size)?;
    let mut bytes = vec![0; whole];
    bytes[..head.len()].copy_from_slice(head);
    let (mut at, mut piece) = (head.len(), vec![0; PIECE]);
    while at < whole {
        let wanted = PIECE.min(whole - at);
        let read = match reader.read(&mut piece[..wanted]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if read == 0 {
            bytes.truncate(at);
            break;
        }
        if piece[..read] != ZEROS[..read] {
            bytes[at..at + read].copy_from_slice(&piece[..read]);
        }
        at += read;
    }
    Ok(bytes)
}

/// Whether a file of that name is looked for by who starts programs.
fn is_kept(name: &str) -> bool {
    matches!(name, "passwd" | "group" | "ld.so.preload")
        || name.strip_prefix("ld-musl-").and_then(|it| it.strip_suffix(".path")).is_some()
}

fn classify(head: &[u8]) -> Content {
    if head.is_empty() {
        return Content::Empty;
    }
    if let Some(rest) = head.strip_prefix(b"#!") {
        return Content::Script(Shebang::parse(rest));
    }
    if let Some(format) = ForeignFormat::of(head) {
        return Content::Foreign(format);
    }
    if head.starts_with(b"\xef\xbb\xbf#!") {
        return Content::MisplacedShebang(Misplacement::ByteOrderMark);
    }
    if has_later_shebang(head) {
        return Content::MisplacedShebang(Misplacement::LaterLine);
    }
    Content::Data
}

impl Shebang {
    fn parse(after_magic: &[u8]) -> Self {
        let line = &after_magic[..after_magic.len().min(SHEBANG_LIMIT - 2)];
        let line = line.split(|byte| matches!(byte, b'\n' | b'\0')).next().unwrap_or(line);
        let line = escape(line);
        let line = line.trim_matches([' ', '\t']);
        let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        Self {
            interpreter: interpreter.to_owned(),
            argument: argument.trim_start_matches([' ', '\t']).to_owned(),
            source: String::new(),
        }
    }

    /// Whether it is a script of a POSIX shell.
    fn is_of_shell(&self) -> bool {
        is_shell(&format!("{} {}", self.interpreter, self.argument))
    }

    /// Whether the script executes its arguments as a command, and does nothing else with them. In
    /// doubt it does not.
    #[must_use]
    pub fn hands_on(&self) -> bool {
        !self.source.is_empty() && handover::hands_on(&self.source)
    }

    /// Whether the interpreter's path is longer than what the kernel reads of the line. What is cut
    /// off of the argument does no harm.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.interpreter.len() >= SHEBANG_LIMIT - 2
    }

    /// Whether a carriage return became part of the interpreter's name or argument.
    #[must_use]
    pub fn has_carriage_return(&self) -> bool {
        self.interpreter.ends_with('\r') || self.argument.ends_with('\r')
    }
}

impl ForeignFormat {
    fn of(head: &[u8]) -> Option<Self> {
        // Mach-O: <mach-o/loader.h> and <mach-o/fat.h>. The fat magic is also that of Java
        // classes, whose next word, a version above 44, is no sane count of architectures.
        match head.get(..4)? {
            b"\xfe\xed\xfa\xce" | b"\xfe\xed\xfa\xcf" | b"\xce\xfa\xed\xfe"
            | b"\xcf\xfa\xed\xfe" => Some(Self::MachO),
            b"\xca\xfe\xba\xbe" if matches!(head.get(4..8)?, [0, 0, 0, 1..=20]) => {
                Some(Self::MachO)
            }
            b"\0asm" => Some(Self::Wasm),
            [b'M', b'Z', ..] => Self::of_pe(head),
            _ => None,
        }
    }

    /// Two letters are no proof: the header's offset at 0x3c must lead to the PE signature. An
    /// assembly has a CLR header among the optional header's data directories.
    ///
    /// Source: PE Format, "MS-DOS Stub", "Signature" and "Optional Header Data Directories".
    fn of_pe(head: &[u8]) -> Option<Self> {
        const COFF_HEADER: usize = 4 + 20;
        const CLR_DIRECTORY: usize = 14 * 8;
        let offset = u32::from_le_bytes(*head.get(0x3c..)?.first_chunk()?);
        let file = head.get(usize::try_from(offset).ok()?..)?;
        if !file.starts_with(b"PE\0\0") {
            return None;
        }
        let optional = file.get(COFF_HEADER..).unwrap_or_default();
        let directories = match optional {
            [0x0b, 0x01, ..] => 96,
            [0x0b, 0x02, ..] => 112,
            _ => return Some(Self::Pe),
        };
        let clr = optional.get(directories + CLR_DIRECTORY..).and_then(|it| it.first_chunk::<4>());
        Some(if clr.is_some_and(|it| *it != [0; 4]) { Self::DotNet } else { Self::Pe })
    }
}

/// Only blanks and comments may stand before it, or else it is some other text with `#!` in it.
fn has_later_shebang(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines
        .by_ref()
        .find(|line| line.starts_with(b"#!") || !(line.is_empty() || line.starts_with(b"#")))
        .is_some_and(|line| line.starts_with(b"#!/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: &[u8]) -> Content {
        read_content("file", bytes.len() as u64, ELF_LIMIT, &mut &bytes[..]).expect("in memory")
    }

    fn script(interpreter: &str, argument: &str) -> Content {
        let source = String::new();
        Content::Script(Shebang {
            interpreter: interpreter.into(),
            argument: argument.into(),
            source,
        })
    }

    #[test]
    fn shebangs_are_taken_apart_as_the_kernel_does() {
        assert_eq!(content(b"#!/bin/sh\necho"), script("/bin/sh", ""));
        assert_eq!(content(b"#! /usr/bin/env  -S a b \n"), script("/usr/bin/env", "-S a b"));
        assert_eq!(content(b"#!/bin/sh\r\n"), script("/bin/sh\r", ""));
        assert_eq!(content(b"#!\n"), script("", ""));
        assert_eq!(content(b"#!/bin/sh"), script("/bin/sh", ""), "no newline is needed");
    }

    #[test]
    fn misplaced_shebangs_are_told_from_text() {
        use Misplacement::{ByteOrderMark, LaterLine};
        assert_eq!(content(b"\xef\xbb\xbf#!/bin/sh\n"), Content::MisplacedShebang(ByteOrderMark));
        assert_eq!(content(b"\n#!/bin/sh\n"), Content::MisplacedShebang(LaterLine));
        assert_eq!(content(b"# licence\n#!/bin/sh\n"), Content::MisplacedShebang(LaterLine));
        assert_eq!(content(b"echo\n#!/bin/sh\n"), Content::Data);
        assert_eq!(content(b"# just a comment\n"), Content::Data);
    }

    #[test]
    fn foreign_formats_need_more_than_two_letters() {
        let mut pe = vec![0; 0x84];
        pe[..2].copy_from_slice(b"MZ");
        pe[0x3c] = 0x80;
        pe[0x80..].copy_from_slice(b"PE\0\0");
        assert_eq!(content(&pe), Content::Foreign(ForeignFormat::Pe));
        assert_eq!(content(b"MZ is how this text begins"), Content::Data);
        assert_eq!(content(b"\xcf\xfa\xed\xfe\x07"), Content::Foreign(ForeignFormat::MachO));
        assert_eq!(content(b"\xca\xfe\xba\xbe\0\0\0\x02"), Content::Foreign(ForeignFormat::MachO));
        assert_eq!(content(b"\xca\xfe\xba\xbe\0\0\0\x34"), Content::Data, "a Java class");
        assert_eq!(content(b"\0asm\x01\0\0\0"), Content::Foreign(ForeignFormat::Wasm));
    }

    #[test]
    fn a_cut_off_header_is_broken_elf() {
        assert_eq!(content(b"\x7fELF\x02\x01"), Content::BrokenElf(Malformation::Header));
        assert_eq!(content(b""), Content::Empty);
    }
}
