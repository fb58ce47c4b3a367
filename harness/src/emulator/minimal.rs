//! Programs of a few instructions, made byte by byte: one loadable segment that holds the headers and
//! the code.
//!
//! Source: System V gABI, "ELF Header" and "Program Header".

use super::handler::Mark;
use crate::elf::{Class, Data, MAGIC};
use crate::platform::Platform;

/// Where it is loaded. Pages may be as large as that.
const BASE: u64 = 0x1_0000;

/// A static program of this code, which begins at its first byte.
#[must_use]
pub fn minimal_program(platform: Platform, mark: Mark, code: &[u8]) -> Vec<u8> {
    let target = platform.elf_target();
    let (word, header, segment) = match target.class {
        Class::Elf32 => (4, 52, 32),
        Class::Elf64 => (8, 64, 56),
    };
    let size = header + segment + code.len() as u64;
    let mut file = Writer { file: MAGIC.to_vec(), data: target.data };
    // EI_VERSION, EI_OSABI and EI_ABIVERSION stand between the byte order and the padding.
    file.file.extend([target.class.number(), target.data.number(), 1, 0, 0]);
    file.file.extend(mark.bytes());
    file.put(2, &[2, target.machine.0.into()]); // ET_EXEC
    file.put(4, &[1]); // EV_CURRENT
    file.put(word, &[BASE + header + segment, header, 0]); // e_entry, e_phoff, e_shoff
    file.put(4, &[platform.facts().elf_flags.into()]);
    file.put(2, &[header, segment, 1, 0, 0, 0]); // e_ehsize to e_shstrndx
    file.put(4, &[1]); // PT_LOAD
    // Readable and executable: p_flags stands elsewhere in either class.
    if target.class == Class::Elf64 {
        file.put(4, &[5]);
    }
    file.put(word, &[0, BASE, BASE, size, size]); // p_offset to p_memsz
    if target.class == Class::Elf32 {
        file.put(4, &[5]);
    }
    file.put(word, &[BASE]); // p_align
    file.file.extend(code);
    file.file
}

struct Writer {
    file: Vec<u8>,
    data: Data,
}

impl Writer {
    /// Numbers of so many bytes, in the byte order of the file.
    fn put(&mut self, size: usize, values: &[u64]) {
        for value in values {
            match self.data {
                Data::Lsb => self.file.extend(&value.to_le_bytes()[..size]),
                Data::Msb => self.file.extend(&value.to_be_bytes()[8 - size..]),
            }
        }
    }
}
