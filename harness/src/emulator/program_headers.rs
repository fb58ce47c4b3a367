//! The program headers of an emulator.

use goblin::container::Ctx;
use goblin::elf::{Elf, ProgramHeader};

/// The program headers of an ELF file that begins with these bytes. They stand behind the header in
/// every program that a linker made.
///
/// # Errors
///
/// When it is not an ELF file, or its program headers are not among these bytes.
pub(super) fn program_headers(
    beginning: &[u8],
) -> Result<Vec<ProgramHeader>, goblin::error::Error> {
    let elf = Elf::lazy_parse(Elf::parse_header(beginning)?)?;
    let context = Ctx::new(elf.header.container()?, elf.header.endianness()?);
    let at = usize::try_from(elf.header.e_phoff).unwrap_or(usize::MAX);
    ProgramHeader::parse(beginning, at, usize::from(elf.header.e_phnum), context)
}
