//! A file's bytes, and where in them things are: every offset that a file names is checked here.

use std::cell::OnceCell;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::program_header::PT_LOAD;
use goblin::elf::section_header::SHT_NOBITS;
use goblin::elf::{Header, ProgramHeader, SectionHeader};

use super::{Class, Data, Machine, Malformation};

/// How numbers are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) class: Class,
    pub(super) data: Data,
}

impl Encoding {
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = *bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little() { u16::from_le_bytes(raw) } else { u16::from_be_bytes(raw) })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = *bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little() { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
    }

    pub(super) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let raw = *bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little() { u64::from_le_bytes(raw) } else { u64::from_be_bytes(raw) })
    }

    /// A number that is to be used as a size or place.
    pub(super) fn size(self, bytes: &[u8], at: usize) -> Option<usize> {
        usize::try_from(self.u32(bytes, at)?).ok()
    }

    /// An address or offset: 4 bytes or 8.
    pub(super) fn address(self, bytes: &[u8], at: usize) -> Option<u64> {
        match self.class {
            Class::Elf32 => self.u32(bytes, at).map(u64::from),
            Class::Elf64 => self.u64(bytes, at),
        }
    }

    const fn is_little(self) -> bool {
        matches!(self.data, Data::Lsb)
    }
}

/// A whole file with its program headers.
pub(super) struct View<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) machine: Machine,
    pub(super) encoding: Encoding,
    pub(super) segments: Vec<ProgramHeader>,
    header: Header,
    sections: OnceCell<Vec<SectionHeader>>,
}

impl<'a> View<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        header: Header,
        encoding: Encoding,
    ) -> Result<Self, Malformation> {
        let offset = usize::try_from(header.e_phoff).map_err(|_| Malformation::ProgramHeaders)?;
        let count = usize::from(header.e_phnum);
        let segments = ProgramHeader::parse(bytes, offset, count, context(encoding))
            .map_err(|_| Malformation::ProgramHeaders)?;
        let machine = Machine(header.e_machine);
        Ok(Self { bytes, machine, encoding, segments, header, sections: OnceCell::new() })
    }

    pub(super) fn context(&self) -> Ctx {
        context(self.encoding)
    }

    /// The segments of a type that have bytes in the file.
    pub(super) fn stored(&self, kind: u32) -> impl Iterator<Item = &ProgramHeader> {
        self.segments.iter().filter(move |it| it.p_type == kind && it.p_filesz > 0)
    }

    /// The segments of a type with their bytes. Those of an honest file do not overlap: where they
    /// repeat the file over and over, which would keep whoever reads them busy, the rest is left out.
    pub(super) fn contents(&self, kind: u32) -> impl Iterator<Item = (&ProgramHeader, &'a [u8])> {
        let contents = self.stored(kind).map(|it| (it, self.content(it)));
        contents.scan(self.patience(), |left, it| spend(left, it.1.len()).then_some(it))
    }

    /// The sections of a type with their bytes, as far as they do not repeat the file.
    pub(super) fn section_contents(
        &self,
        kind: u32,
    ) -> impl Iterator<Item = (&SectionHeader, &'a [u8])> {
        let sections = self.sections().iter().filter(move |it| it.sh_type == kind);
        let contents = sections.filter_map(|it| Some((it, self.section_content(it)?)));
        contents.scan(self.patience(), |left, it| spend(left, it.1.len()).then_some(it))
    }

    /// How many bytes are looked at in one go.
    fn patience(&self) -> usize {
        self.bytes.len().saturating_mul(2)
    }

    pub(super) fn slice(&self, offset: u64, length: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        self.bytes.get(start..end)
    }

    /// The file's bytes of a segment; of a truncated one, those that are there.
    pub(super) fn content(&self, segment: &ProgramHeader) -> &'a [u8] {
        let start = usize::try_from(segment.p_offset).unwrap_or(usize::MAX);
        let rest = self.bytes.get(start..).unwrap_or_default();
        let size = usize::try_from(segment.p_filesz).unwrap_or(usize::MAX);
        &rest[..rest.len().min(size)]
    }

    /// From what is mapped to an address to the end of the segment.
    pub(super) fn at_address(&self, address: u64) -> Option<&'a [u8]> {
        let covers = |it: &&ProgramHeader| {
            address.checked_sub(it.p_vaddr).is_some_and(|within| within < it.p_filesz)
        };
        let segment = self.stored(PT_LOAD).find(covers)?;
        let within = usize::try_from(address - segment.p_vaddr).ok()?;
        self.content(segment).get(within..)
    }

    /// The section headers; none if they cannot be read, for no loader needs them.
    pub(super) fn sections(&self) -> &[SectionHeader] {
        self.sections.get_or_init(|| {
            let offset = usize::try_from(self.header.e_shoff).unwrap_or_default();
            let count = usize::from(self.header.e_shnum);
            let size = SectionHeader::size(self.context());
            // goblin reads no table of which the beginning is the file's.
            if offset == 0 || count > self.bytes.len() / size {
                return Vec::new();
            }
            SectionHeader::parse(self.bytes, offset, count, self.context()).unwrap_or_default()
        })
    }

    pub(super) fn section_content(&self, section: &SectionHeader) -> Option<&'a [u8]> {
        if section.sh_type == SHT_NOBITS {
            return None;
        }
        self.slice(section.sh_offset, section.sh_size)
    }

    /// The bytes of the first section of a type.
    pub(super) fn section_of_type(&self, kind: u32) -> Option<&'a [u8]> {
        let section = self.sections().iter().find(|it| it.sh_type == kind)?;
        self.section_content(section)
    }

    pub(super) fn section_named(&self, name: &str) -> Option<&SectionHeader> {
        let names = self.sections().get(usize::from(self.header.e_shstrndx))?;
        let names = self.section_content(names)?;
        self.sections().iter().find(|it| {
            names
                .get(it.sh_name..)
                .and_then(|rest| rest.strip_prefix(name.as_bytes()))
                .is_some_and(|rest| rest.first() == Some(&0))
        })
    }

    /// Behind the program headers, if they follow the header as tools put them.
    pub(super) fn after_program_headers(&self) -> Option<&'a [u8]> {
        let start = usize::try_from(self.header.e_phoff).ok()?;
        let size = self.segments.len() * ProgramHeader::size(self.context());
        self.bytes.get(start.checked_add(size)?..)
    }
}

fn spend(left: &mut usize, size: usize) -> bool {
    let rest = left.checked_sub(size);
    *left = rest.unwrap_or_default();
    rest.is_some()
}

fn context(encoding: Encoding) -> Ctx {
    let container = match encoding.class {
        Class::Elf32 => Container::Little,
        Class::Elf64 => Container::Big,
    };
    let endian = match encoding.data {
        Data::Lsb => Endian::Little,
        Data::Msb => Endian::Big,
    };
    Ctx::new(container, endian)
}
