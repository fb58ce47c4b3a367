//! Handlers of the kernel's `binfmt_misc`: which files are executed by which program.
//!
//! Source: Linux, `Documentation/admin-guide/binfmt-misc.rst`; System V gABI, "ELF Header" and "ELF
//! Identification".

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::elf::{Data, ElfTarget, MAGIC};

/// Offsets in the ELF header.
const EI_CLASS: usize = 4;
const EI_DATA: usize = 5;
const EI_PAD: usize = 9;
const EI_NIDENT: usize = 16;
const E_TYPE: usize = 16;
const E_MACHINE: usize = 18;
/// What is compared: `e_ident`, `e_type` and `e_machine`.
const LENGTH: usize = 20;
const PADDING: usize = EI_NIDENT - EI_PAD;

/// One registration: what a file has to begin with, and who executes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    name: String,
    magic: [u8; LENGTH],
    mask: [u8; LENGTH],
}

/// A secret in the padding of `e_ident`, which the kernel does not look at: handlers pass over the
/// files that have it, and no other. The emulators themselves are such files: a handler for the
/// host's own architecture would else start the emulator to start the emulator.
///
/// A mask cannot say "anything but this". So there is a handler for each bit, and whatever differs
/// from the secret meets one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark([u8; PADDING]);

impl Mark {
    /// Where the mark stands in a file.
    pub const OFFSET: u64 = EI_PAD as u64;

    /// What files have that nobody marked.
    pub const NONE: Self = Self([0; PADDING]);

    /// A mark that nobody can guess, of random bytes.
    #[must_use]
    pub const fn new(random: [u8; PADDING]) -> Self {
        Self(random)
    }

    /// The bytes to be put there.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; PADDING] {
        &self.0
    }
}

impl Handler {
    /// Any ELF file that does not have the mark.
    #[must_use]
    pub fn of_any(mark: Mark) -> Vec<Self> {
        let (mut magic, mut cared) = ([0; LENGTH], [0; LENGTH]);
        magic[..MAGIC.len()].copy_from_slice(&MAGIC);
        cared[..MAGIC.len()].fill(0xff);
        Self { name: "any".to_owned(), magic, mask: cared }.except(mark)
    }

    /// The executables and shared objects of a machine that do not have the mark.
    #[must_use]
    pub fn of_target(target: ElfTarget, mark: Mark) -> Vec<Self> {
        let (mut magic, mut cared) = ([0; LENGTH], [0; LENGTH]);
        magic[..MAGIC.len()].copy_from_slice(&MAGIC);
        magic[EI_CLASS] = target.class.number();
        magic[EI_DATA] = target.data.number();
        cared[..=EI_DATA].fill(0xff);
        let (machine, executable, either): (_, [u8; 2], [u8; 2]) = match target.data {
            // ET_EXEC is 2 and ET_DYN 3: all but the lowest bit counts.
            Data::Lsb => (target.machine.0.to_le_bytes(), [2, 0], [0xfe, 0xff]),
            Data::Msb => (target.machine.0.to_be_bytes(), [0, 2], [0xff, 0xfe]),
        };
        magic[E_TYPE..E_MACHINE].copy_from_slice(&executable);
        cared[E_TYPE..E_MACHINE].copy_from_slice(&either);
        magic[E_MACHINE..].copy_from_slice(&machine);
        cared[E_MACHINE..].fill(0xff);
        Self { name: format!("{}-", target.machine.0), magic, mask: cared }.except(mark)
    }

    fn except(self, mark: Mark) -> Vec<Self> {
        let bits = (0..PADDING).flat_map(|byte| (0..8).map(move |bit| (byte, 1_u8 << bit)));
        let differing = |(number, (byte, bit)): (usize, (usize, u8))| {
            let mut handler = self.clone();
            handler.name = format!("{}{number}", self.name);
            handler.mask[EI_PAD + byte] = bit;
            handler.magic[EI_PAD + byte] = !mark.0[byte] & bit;
            handler
        };
        bits.enumerate().map(differing).collect()
    }

    /// The line to be written to `register`. The program is opened there and then (`F`). An emulator
    /// also gets the file opened (`O`), with the file's own credentials (`C`), and keeps argv\[0\] (`P`);
    /// the stub interpreter wants nothing that a process without descriptors would lack.
    #[must_use]
    pub fn registration(&self, program: &str, executor: Executor) -> String {
        let escape = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\x{byte:02x}");
                text
            })
        };
        let flags = match executor {
            Executor::Emulator => "POCF",
            Executor::StubInterpreter => "F",
        };
        let (magic, mask) = (escape(&self.magic), escape(&self.mask));
        format!(":{}:M::{magic}:{mask}:{program}:{flags}", self.name)
    }

    /// Whether it takes a file that begins so.
    #[cfg(test)]
    fn takes(&self, beginning: &[u8]) -> bool {
        takes(&self.magic, &self.mask, beginning)
    }
}

/// Whether a handler takes a file that begins so, as the kernel compares them: in the mask's bits.
pub(super) fn takes(magic: &[u8], mask: &[u8], beginning: &[u8]) -> bool {
    let mut pairs = magic.iter().zip(mask).zip(beginning);
    beginning.len() >= magic.len() && pairs.all(|((magic, mask), byte)| (magic ^ byte) & mask == 0)
}

/// What a handler leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// What executes the file.
    Emulator,
    /// What is executed in place of the file.
    StubInterpreter,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::program;
    use crate::platform::Platform;

    const MARK: Mark = Mark::new([1, 0, 0xff, 0x5a, 7, 0x80, 3]);

    fn takes(handlers: &[Handler], file: &[u8]) -> bool {
        handlers.iter().any(|it| it.takes(file))
    }

    fn target(platform: &str) -> ElfTarget {
        platform.parse::<Platform>().expect("a platform").elf_target()
    }

    #[test]
    fn a_handler_takes_its_own_machine_alone() {
        let platforms = Platform::ALL.map(|it| it.to_string());
        for one in &platforms {
            let handlers = Handler::of_target(target(one), MARK);
            for other in &platforms {
                let same = target(one) == target(other);
                assert_eq!(takes(&handlers, &program(other)), same, "{one} {other}");
            }
        }
    }

    #[test]
    fn only_the_exact_mark_is_passed_over() {
        let any = Handler::of_any(MARK);
        let own = Handler::of_target(target("linux/amd64"), MARK);
        let mut file = program("linux/amd64");
        let at = EI_PAD..EI_NIDENT;
        file[at.clone()].copy_from_slice(MARK.bytes());
        assert!(!takes(&any, &file) && !takes(&own, &file));
        for bit in 0..PADDING * 8 {
            let mut other = file.clone();
            other[EI_PAD + bit / 8] ^= 1 << (bit % 8);
            assert!(takes(&any, &other) && takes(&own, &other), "bit {bit}");
        }
        assert!(takes(&any, &program("linux/arm64")));
        assert!(!takes(&any, b"#!/bin/sh\necho no ELF file at all\n"));
    }
}
