//! What a file is, told from its bytes alone: neither its name nor its mode counts.

use std::cell::RefCell;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use super::foreign::foreign_format;
use crate::dockerfile::is_shell;
use crate::elf::{self, ElfFacts};
use crate::evidence::image::{
    Content, LoaderCache, Misplacement, Packages, Shebang, loader_cache, packages,
};
use crate::launch::handover;
use crate::text::escape;

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
pub fn read_content(
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
        let source = if is_of_shell(&shebang) && size <= handover::LONGEST {
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

/// Files larger than this, in bytes, are held in memory one at a time.
const LARGE: u64 = 4 << 20;
/// Larger ELF files, in bytes, are not read: no loader of today would take them.
pub const ELF_LIMIT: u64 = 4 << 30;
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
        return Content::Script(parse_shebang(rest));
    }
    if let Some(format) = foreign_format(head) {
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

/// Takes the first line of a script apart, from behind its `#!`.
fn parse_shebang(after_magic: &[u8]) -> Shebang {
    let line = &after_magic[..after_magic.len().min(Shebang::LIMIT - 2)];
    let line = line.split(|byte| matches!(byte, b'\n' | b'\0')).next().unwrap_or(line);
    let line = escape(line);
    let line = line.trim_matches([' ', '\t']);
    let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    Shebang {
        interpreter: interpreter.to_owned(),
        argument: argument.trim_start_matches([' ', '\t']).to_owned(),
        source: String::new(),
    }
}

/// Whether a script is one of a POSIX shell.
fn is_of_shell(shebang: &Shebang) -> bool {
    is_shell(&format!("{} {}", shebang.interpreter, shebang.argument))
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
    use crate::elf::Malformation;
    use crate::evidence::image::ForeignFormat;

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
