//! What takes all memory if it can, in a process that has little: `ulimit -v`.

use std::ffi::OsStr;
use std::io::Read;
use std::process::Command;

use archproof::evidence::image::Content;
use archproof::inspect::{Change, assemble, read_layer};
use archproof::oci::Descriptor;
use tar::EntryType;

use super::chain;
use super::elf::{Elf, PT_LOAD, X86_64};
use super::tar::{GZIP, PLAIN, Tar, ZSTD, gzip, header, read, zstd};
use crate::common::Said;

/// A program that may have so many MiB of addresses.
pub(crate) fn limited(mebibytes: usize, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"ulimit -v "$0" && exec "$@""#, &(mebibytes << 10).to_string()])
        .arg(program)
        // Each thread's heap would take 128 MiB of addresses.
        .env("MALLOC_ARENA_MAX", "1");
    command
}

/// Set for a process that has little memory.
const LIMITED: &str = "ARCHPROOF_TEST_LIMITED";

/// Whether this is such a process: elsewhere there is nothing to see.
fn is_limited() -> bool {
    std::env::var_os(LIMITED).is_some()
}

/// Runs another test of this program within so many MiB of addresses.
fn within(mebibytes: usize, test: &str) {
    let mut command = limited(mebibytes, std::env::current_exe().expect("this program"));
    command.args([
        "--exact",
        &format!("hostile::limited::{test}"),
        "--ignored",
        "--test-threads=1",
    ]);
    command.env(LIMITED, "1");
    let said = Said::by(&mut command);
    assert!(said.status == Some(0) && said.stdout.contains("1 passed"), "{said}");
}

#[test]
fn bombs_are_defused() {
    within(512, "bombs");
}

/// Blobs of 2 MiB and less, of which each becomes 2 GiB: a file of zeros, a program with zeros behind
/// it, and one that claims them.
#[test]
#[ignore = "for a process with little memory"]
fn bombs() {
    if !is_limited() {
        return;
    }
    let plain = header(EntryType::Regular, b"zeros", b"", 2 << 30);
    let program = |size| Elf::new(X86_64).segment(PT_LOAD, 0, 0, size).bytes();
    let starts = [(Vec::new(), false), (program(64), false), (program(2 << 30), true)];
    for (media_type, (start, is_claimed)) in
        [GZIP, ZSTD].into_iter().flat_map(|it| starts.iter().map(move |start| (it, start)))
    {
        let start = [plain.as_bytes().as_slice(), start].concat();
        let blob = match media_type {
            // A mebibyte at a time, as a stream of many members.
            GZIP => [gzip(&start), gzip(&vec![0; 1 << 20]).repeat(2049)].concat(),
            _ => zstd(&start, 8 * 2049),
        };
        assert!(blob.len() < 4 << 20, "{} bytes are a bomb", blob.len());
        match (read(media_type, &blob), *is_claimed) {
            (Ok(facts), false) => assert_eq!(facts.entries.len(), 1),
            (Err(error), true) => assert!(chain(&error).contains("memory"), "{}", chain(&error)),
            (other, _) => panic!("{media_type} {is_claimed}: {other:?}"),
        }
    }
}

#[test]
fn zeros_take_no_memory() {
    // As many addresses as the file has bytes, and little of them is used.
    within(8 << 10, "zeros");
}

/// A program that claims 3 GiB of zeros.
#[test]
#[ignore = "for a process of its own"]
fn zeros() {
    if !is_limited() {
        return;
    }
    let size = 3 << 30;
    let head = header(EntryType::Regular, b"zeros", b"", size);
    let program = Elf::new(X86_64).segment(PT_LOAD, 0, 0, size).bytes();
    let start = std::io::Cursor::new([head.as_bytes().as_slice(), &program].concat());
    let tar = start.chain(std::io::repeat(0).take(size - program.len() as u64));
    let facts = read_layer(&Descriptor::of(PLAIN, b""), tar).expect("no crime");
    let Change::File { content: Content::Elf(elf), .. } = &facts.entries[0].change else {
        panic!("a program")
    };
    assert_eq!(elf.malformation, None, "all of it is there");
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).expect("the peak");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < 256 << 10, "{peak} KiB");
}

#[test]
fn crowds_are_counted() {
    within(2048, "crowds");
}

/// A tar of one file and a million further entries.
fn crowd(first: Tar, name: impl Fn(usize) -> (EntryType, String) + Send) -> impl Read + Send {
    let first = first.bytes();
    let first = first[..first.len() - 1024].to_vec();
    let mut rest = (0..1_000_000).map(move |number| {
        let (kind, name) = name(number);
        header(kind, name.as_bytes(), b"first", 0)
    });
    let mut block = std::io::Cursor::new(first);
    let next = move |buffer: &mut [u8]| loop {
        match block.read(buffer)? {
            0 => match rest.next() {
                Some(header) => block = std::io::Cursor::new(header.as_bytes().to_vec()),
                None => return Ok(0),
            },
            size => return Ok(size),
        }
    };
    FromFn(next)
}

struct FromFn<F>(F);

impl<F: FnMut(&mut [u8]) -> std::io::Result<usize>> Read for FromFn<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        (self.0)(buffer)
    }
}

#[test]
#[ignore = "for a process with little memory"]
fn crowds() {
    let descriptor = Descriptor::of(PLAIN, b"");
    let first = Tar::default().file("first", b"#!/bin/sh\n");
    let links = crowd(first, |number| (EntryType::Link, format!("link{number}")));
    let facts = read_layer(&descriptor, links).expect("no crime");
    let files = assemble([&facts]).expect("no crime");
    assert_eq!(files.iter().count(), 1_000_001);
}
