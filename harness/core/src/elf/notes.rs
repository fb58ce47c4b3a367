//! Notes: the build's identity and the program's properties.
//!
//! Source: gABI, chapter 5, "Note Section"; Linux Extensions to gABI, "Program Property".

use std::fmt::Write as _;

use goblin::elf::note::{NT_GNU_ABI_TAG, NT_GNU_BUILD_ID};
use goblin::elf::program_header::PT_NOTE;
use goblin::elf::section_header::SHT_NOTE;

use super::view::{Encoding, View};
use super::{Class, KernelVersion, X86IsaNeeded};

/// The same note as a `PT_NOTE` has, where the loader finds it at once.
const PT_GNU_PROPERTY: u32 = 0x6474_e553;
const NT_GNU_PROPERTY_TYPE_0: u32 = 5;
/// What loaders compare with the processor. Two older numbers, `0xc0000001` and `0xc0008000`, had
/// bits for single instruction sets, were renamed `GNU_PROPERTY_X86_COMPAT_ISA_1_NEEDED` and
/// `GNU_PROPERTY_X86_COMPAT_2_ISA_1_NEEDED`, and no loader looks at them.
///
/// Source: x86-64 psABI, "Program Property"; binutils, include/elf/common.h; glibc,
/// sysdeps/x86/dl-prop.h.
const GNU_PROPERTY_X86_ISA_1_NEEDED: u32 = 0xc000_8002;
/// Longer than any hash that tools make; what is larger is no identity.
const BUILD_ID_LIMIT: usize = 64;

/// `NT_GNU_BUILD_ID`, in hexadecimal digits.
pub(super) fn build_id(view: &View<'_>) -> Option<String> {
    let id = gnu_note(view, NT_GNU_BUILD_ID)?;
    let id = Some(id).filter(|it| (1..=BUILD_ID_LIMIT).contains(&it.len()))?;
    Some(id.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    }))
}

/// `NT_GNU_ABI_TAG`, where it is about Linux: four words, of which the first is the system.
///
/// Source: Linux Standard Base Core, chapter "Additional Special Sections", `.note.ABI-tag`.
pub(super) fn kernel(view: &View<'_>) -> Option<KernelVersion> {
    const LINUX: u32 = 0;
    let tag = gnu_note(view, NT_GNU_ABI_TAG)?;
    let word = |number: usize| view.encoding.u32(tag, number * 4);
    let is_linux = word(0)? == LINUX;
    let (major, minor, patch) = (word(1)?, word(2)?, word(3)?);
    is_linux.then_some(KernelVersion { major, minor, patch })
}

/// `GNU_PROPERTY_X86_ISA_1_NEEDED`.
pub(super) fn x86_isa_needed(view: &View<'_>) -> Option<X86IsaNeeded> {
    let encoding = view.encoding;
    let mut rest = gnu_note(view, NT_GNU_PROPERTY_TYPE_0)?;
    // pr_type, pr_datasz, pr_data, which is padded to the size of an address.
    loop {
        let (kind, size) = (encoding.u32(rest, 0)?, encoding.size(rest, 4)?);
        if kind == GNU_PROPERTY_X86_ISA_1_NEEDED && size == 4 {
            return encoding.u32(rest, 8).map(X86IsaNeeded);
        }
        let alignment = if encoding.class == Class::Elf64 { 8 } else { 4 };
        let end = size.checked_add(8)?.checked_next_multiple_of(alignment)?;
        rest = rest.get(end..)?;
    }
}

/// The first note of GNU's with a type: in the segments, and if they have none, in the sections.
fn gnu_note<'a>(view: &View<'a>, kind: u32) -> Option<&'a [u8]> {
    let segments = view.contents(PT_GNU_PROPERTY).chain(view.contents(PT_NOTE));
    let mut segments = segments.map(|(it, content)| (content, it.p_align));
    segments.find_map(|it| find(view.encoding, it, kind)).or_else(|| {
        let sections = view.section_contents(SHT_NOTE);
        let mut sections = sections.map(|(it, content)| (content, it.sh_addralign));
        sections.find_map(|it| find(view.encoding, it, kind))
    })
}

/// Names and descriptors are padded to 4 bytes; to 8 where that is what the whole is aligned to.
fn find(encoding: Encoding, (mut notes, alignment): (&[u8], u64), kind: u32) -> Option<&[u8]> {
    let alignment = if alignment == 8 { 8 } else { 4 };
    loop {
        // n_namesz, n_descsz, n_type.
        let (name, size) = (encoding.size(notes, 0)?, encoding.size(notes, 4)?);
        let start = name.checked_add(12)?.checked_next_multiple_of(alignment)?;
        let end = start.checked_add(size)?;
        let content = notes.get(start..end)?;
        if encoding.u32(notes, 8)? == kind && notes.get(12..)?.starts_with(b"GNU\0") && name == 4 {
            return Some(content);
        }
        notes = notes.get(end.checked_next_multiple_of(alignment)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use crate::elf::{Attributes, ElfFacts, X86IsaNeeded};
    use crate::fixture::ElfFile;

    fn read(bytes: &[u8]) -> ElfFacts {
        let facts = ElfFacts::read(bytes).expect("a header");
        assert_eq!(facts.malformation, None);
        facts
    }

    fn attributes(file: &ElfFile) -> Option<Attributes> {
        read(&file.bytes()).attributes
    }

    #[test]
    fn build_ids_are_read_in_every_class_and_byte_order() {
        for name in ["linux/386", "linux/amd64", "linux/mips64", "linux/s390x"] {
            let file = ElfFile::of(name).with_build_id(b"\x01\xab\xff");
            assert_eq!(read(&file.bytes()).build_id.as_deref(), Some("01abff"), "{name}");
            let other = ElfFile::of(name).with_isa_needed(1);
            assert_eq!(read(&other.bytes()).build_id, None, "{name}");
        }
    }

    #[test]
    fn damaged_notes_are_none() {
        let whole = ElfFile::of("linux/amd64").with_build_id(&[0xaa; 20]).bytes();
        let note = whole.len() - 36;
        for (what, at) in [("name", note + 3), ("content", note + 7), ("type", note + 8)] {
            let mut bytes = whole.clone();
            bytes[at] = 0x7f;
            assert_eq!(read(&bytes).build_id, None, "{what}");
        }
    }

    #[test]
    fn levels_of_x86_are_read_in_both_classes() {
        for name in ["linux/386", "linux/amd64"] {
            let file = ElfFile::of(name)
                .with_build_id(&[1; 20])
                // GNU_PROPERTY_X86_FEATURE_1_AND, by which no processor is refused.
                .with_isa_needed(X86IsaNeeded::BASELINE | X86IsaNeeded::V3);
            let Some(Attributes::X86(needed)) = attributes(&file) else { panic!("{name}") };
            assert_eq!((needed.0, needed.level()), (5, Some(3)), "{name}");
        }
    }

    #[test]
    fn other_properties_are_no_levels() {
        for kind in [0xc000_0001, 0xc000_0002, 0xc000_8000, 0xc001_0002] {
            let file = ElfFile::of("linux/amd64").with_property(kind, 0xf);
            assert_eq!(attributes(&file), None, "{kind:#x}");
        }
        let other = ElfFile::of("linux/arm64").with_isa_needed(0xf);
        assert_eq!(attributes(&other), None, "another machine's number");
    }

    #[test]
    fn no_byte_is_trusted() {
        for name in ["linux/386", "linux/amd64"] {
            let file = ElfFile::of(name).with_build_id(&[1; 20]).with_isa_needed(3);
            crate::elf::testing::mutate(&file.bytes());
        }
    }
}
