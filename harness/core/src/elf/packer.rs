//! UPX's mark.
//!
//! The letters alone are no proof: UPX itself has them, and every scanner that looks for it. They
//! count where UPX writes them, right behind the program headers or at the very end of the file.
//!
//! Source: UPX, src/stub/src/include/linux.h (`l_info`), `src/p_lx_elf.cpp` and src/packhead.cpp.

use super::Packer;
use super::view::View;

const MAGIC: &[u8] = b"UPX!";
/// The pack header.
const TRAILER: usize = 32;
/// The place of the packed data, behind the pack header.
const OVERLAY: usize = 4;

pub(super) fn read(view: &View<'_>) -> Option<Packer> {
    (has_loader_info(view) || has_trailer(view.bytes)).then_some(Packer::Upx)
}

/// `l_info` behind the program headers: a checksum, then the magic.
fn has_loader_info(view: &View<'_>) -> bool {
    let rest = view.after_program_headers().and_then(|it| it.get(4..));
    rest.is_some_and(|it| it.starts_with(MAGIC))
}

/// The pack header at the end, which shared objects have too. Its last byte is the sum of those
/// before it, without the magic.
fn has_trailer(bytes: &[u8]) -> bool {
    let Some((_, end)) = bytes.split_last_chunk::<{ TRAILER + OVERLAY }>() else { return false };
    let (header, _) = end.split_at(TRAILER);
    let (sum, rest) = (header[TRAILER - 1], &header[MAGIC.len()..TRAILER - 1]);
    header.starts_with(MAGIC)
        && rest.iter().map(|it| u32::from(*it)).sum::<u32>() % 251 == u32::from(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::ElfFacts;
    use crate::fixture::ElfFile;

    fn packer(bytes: &[u8]) -> Option<Packer> {
        ElfFacts::read(bytes).expect("a header").packer
    }

    #[test]
    fn packed_programs_are_told_by_what_follows_the_program_headers() {
        for name in ["linux/386", "linux/amd64", "linux/mips64"] {
            let file = ElfFile::of(name).packed_by_upx();
            assert_eq!(packer(&file.bytes()), Some(Packer::Upx), "{name}");
            assert_eq!(packer(&ElfFile::of(name).bytes()), None, "{name}");
        }
    }

    #[test]
    fn a_pack_header_at_the_end_needs_its_checksum() {
        let mut trailer = [0_u8; TRAILER + OVERLAY];
        trailer[..4].copy_from_slice(MAGIC);
        trailer[4..8].copy_from_slice(&[13, 22, 250, 9]);
        trailer[TRAILER - 1] = ((13_u32 + 22 + 250 + 9) % 251).try_into().expect("a byte");
        let whole = [ElfFile::of("linux/amd64").bytes(), trailer.to_vec()].concat();
        assert_eq!(packer(&whole), Some(Packer::Upx));
        let mut other = whole.clone();
        *other.last_mut().expect("bytes") = 1;
        assert_eq!(packer(&other), Some(Packer::Upx), "the overlay's place is not summed up");
        let at = other.len() - OVERLAY - 1;
        other[at] ^= 1;
        assert_eq!(packer(&other), None, "another checksum");
        assert_eq!(packer(&[&*whole, b"more"].concat()), None, "not at the end");
    }

    /// UPX itself, and scanners.
    #[test]
    fn the_letters_alone_prove_nothing() {
        let scanner = ElfFile::of("linux/amd64").with_data(b"is it packed by UPX! or not");
        assert_eq!(packer(&scanner.bytes()), None);
    }
}
