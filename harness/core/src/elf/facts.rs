//! One ELF file's facts.

use goblin::container::Ctx;
use goblin::elf::dynamic::{DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME};
use goblin::elf::program_header::{PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_TLS};
use goblin::elf::{Elf, Header, ProgramHeader};
use serde::{Deserialize, Serialize};

use super::dynamic::DynamicTable;
use super::versions::Versions;
use super::view::{Encoding, View};
use super::{
    Abi, Attributes, Class, Data, DynamicFlags1, ElfTarget, ElfType, GoBuild, Jemalloc,
    KernelVersion, Linkage, LoadSegment, Machine, Malformation, Packer, PrivateSymbols, TlsSegment,
    VersionNeed, build_attributes, comment, go, jemalloc, notes, packer,
};

/// What an ELF file says about itself, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElfFacts {
    /// `e_machine`.
    pub machine: Machine,
    /// `EI_CLASS`.
    pub class: Class,
    /// `EI_DATA`.
    pub data: Data,
    /// `e_type`.
    #[serde(rename = "type")]
    pub elf_type: ElfType,
    /// `EI_OSABI`.
    pub os_abi: u8,
    /// `e_flags`, whose meaning the machine decides.
    pub flags: u32,
    /// `PT_INTERP`: the loader that the kernel starts, as an absolute path in the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// How it comes by the code of others.
    pub linkage: Linkage,
    /// `DT_NEEDED`, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
    /// `DT_SONAME`: the name under which others need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soname: Option<String>,
    /// `DT_RPATH`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpath: Option<String>,
    /// `DT_RUNPATH`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runpath: Option<String>,
    /// `DT_FLAGS_1`.
    #[serde(default, skip_serializing_if = "DynamicFlags1::is_none")]
    pub flags_1: DynamicFlags1,
    /// `DT_VERNEED`: the versions that it wants of others' symbols, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub version_needs: Vec<VersionNeed>,
    /// `DT_VERDEF`: the versions of its own symbols, without the base version, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub version_definitions: Vec<String>,
    /// The symbols that the parts of glibc keep among themselves.
    #[serde(default, skip_serializing_if = "PrivateSymbols::is_empty")]
    pub glibc_private: PrivateSymbols,
    /// `NT_GNU_BUILD_ID`, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// `NT_GNU_ABI_TAG`: the oldest Linux that its C library runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<KernelVersion>,
    /// `PT_LOAD`, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<LoadSegment>,
    /// `PT_TLS`: the size in bytes and the alignment of each thread's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSegment>,
    /// What the file declares about the processor, beside its header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Attributes>,
    /// What Go's linker wrote about the build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go: Option<GoBuild>,
    /// The versions of rustc that compiled parts of it, as `.comment` states them: `1.85.0`. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rustc: Vec<String>,
    /// The tool that compressed the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packer: Option<Packer>,
    /// The allocator jemalloc is part of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jemalloc: Option<Jemalloc>,
    /// The first thing that keeps the kernel or a loader from using the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malformation: Option<Malformation>,
}

impl ElfFacts {
    /// The machine, class and byte order.
    #[must_use]
    pub const fn target(&self) -> ElfTarget {
        ElfTarget { machine: self.machine, class: self.class, data: self.data }
    }

    /// What `e_flags` says about conventions of calling.
    #[must_use]
    pub const fn abi(&self) -> Option<Abi> {
        Abi::of(self.machine, self.class, self.flags)
    }

    /// How much of a large file is looked at, in bytes, as its beginning tells: of an object file the
    /// header, and of a file without sections no more than its segments.
    #[must_use]
    pub fn needed_size(head: &[u8], size: u64) -> u64 {
        let Ok(header) = Elf::parse_header(head) else { return size.min(head.len() as u64) };
        if !ElfType(header.e_type).is_loadable() {
            return size.min(head.len() as u64);
        }
        if header.e_shoff != 0 {
            return size;
        }
        let (Ok(container), Ok(endian)) = (header.container(), header.endianness()) else {
            return size.min(head.len() as u64);
        };
        let (Ok(offset), count) = (usize::try_from(header.e_phoff), usize::from(header.e_phnum))
        else {
            return size;
        };
        let segments = ProgramHeader::parse(head, offset, count, Ctx::new(container, endian));
        let ends = segments.map(|all| {
            let ends = all.iter().map(|it| it.p_offset.saturating_add(it.p_filesz));
            // A packer's mark follows the program headers.
            ends.fold(head.len() as u64, u64::max)
        });
        ends.map_or(size, |end| size.min(end))
    }

    /// Reads a whole file that begins with [`super::MAGIC`].
    ///
    /// # Errors
    ///
    /// [`Malformation::Header`] when not even the machine can be told. Any later defect is in
    /// [`ElfFacts::malformation`], beside what could be read.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformation> {
        let header = Elf::parse_header(bytes).map_err(|_| Malformation::Header)?;
        let container = header.container().map_err(|_| Malformation::Header)?;
        let endian = header.endianness().map_err(|_| Malformation::Header)?;
        let encoding = Encoding {
            class: if container.is_big() { Class::Elf64 } else { Class::Elf32 },
            data: if endian.is_little() { Data::Lsb } else { Data::Msb },
        };
        let mut facts = Self::from_header(&header, encoding);
        if facts.elf_type.is_loadable() {
            match View::new(bytes, header, encoding) {
                Ok(view) => {
                    facts.malformation = facts.read_for_loading(&view).err();
                    facts.linkage = linkage(facts.elf_type, &view, facts.flags_1);
                    facts.read_declarations(&view);
                }
                Err(malformation) => facts.malformation = Some(malformation),
            }
        }
        Ok(facts)
    }

    fn from_header(header: &Header, encoding: Encoding) -> Self {
        Self {
            machine: Machine(header.e_machine),
            class: encoding.class,
            data: encoding.data,
            elf_type: ElfType(header.e_type),
            os_abi: header.e_ident[goblin::elf::header::EI_OSABI],
            flags: header.e_flags,
            interpreter: None,
            linkage: Linkage::Unlinked,
            needed: Vec::new(),
            soname: None,
            rpath: None,
            runpath: None,
            flags_1: DynamicFlags1::default(),
            version_needs: Vec::new(),
            version_definitions: Vec::new(),
            glibc_private: PrivateSymbols::default(),
            build_id: None,
            kernel: None,
            rustc: Vec::new(),
            loads: Vec::new(),
            tls: None,
            attributes: None,
            go: None,
            packer: None,
            jemalloc: None,
            malformation: None,
        }
    }

    /// What the kernel and a loader look at, as far as it is sound.
    fn read_for_loading(&mut self, view: &View<'_>) -> Result<(), Malformation> {
        self.loads = view.segments.iter().filter(|it| it.p_type == PT_LOAD).map(load).collect();
        let tls = view.segments.iter().find(|it| it.p_type == PT_TLS);
        self.tls = tls.map(|it| TlsSegment { size: it.p_memsz, alignment: it.p_align });
        self.interpreter = interpreter(view)?;
        within_file(view)?;
        match DynamicTable::read(view)? {
            Some(mut dynamic) => self.read_dynamic(&mut dynamic),
            None => Ok(()),
        }
    }

    fn read_dynamic(&mut self, dynamic: &mut DynamicTable<'_>) -> Result<(), Malformation> {
        self.flags_1 = DynamicFlags1(dynamic.value(DT_FLAGS_1).unwrap_or_default());
        let needed = dynamic.values(DT_NEEDED).into_iter();
        self.needed = needed
            .map(|at| dynamic.name(at).ok_or(Malformation::Dynamic))
            .collect::<Result<_, _>>()?;
        self.soname = dynamic.named(DT_SONAME);
        self.rpath = dynamic.folders(DT_RPATH);
        self.runpath = dynamic.folders(DT_RUNPATH);
        let versions = Versions::read(dynamic)?;
        self.glibc_private = versions.private_symbols(dynamic);
        self.version_needs = versions.needs;
        self.version_definitions = versions.definitions;
        Ok(())
    }

    /// What no loader needs: where it is damaged, it is as if it were not there.
    fn read_declarations(&mut self, view: &View<'_>) {
        self.build_id = notes::build_id(view);
        self.kernel = notes::kernel(view);
        self.rustc = comment::rustc(view);
        self.attributes = attributes(view);
        self.go = go::read(view);
        self.packer = packer::read(view);
        self.jemalloc = jemalloc::read(view);
    }
}

fn load(segment: &ProgramHeader) -> LoadSegment {
    LoadSegment {
        offset: segment.p_offset,
        address: segment.p_vaddr,
        file_size: segment.p_filesz,
        memory_size: segment.p_memsz,
        flags: segment.p_flags,
        alignment: segment.p_align,
    }
}

/// A file that holds only another's debug information keeps the segments without their bytes.
fn linkage(elf_type: ElfType, view: &View<'_>, flags: DynamicFlags1) -> Linkage {
    let has = |kind| view.stored(kind).next().is_some();
    let lost = |kind| view.segments.iter().any(|it| it.p_type == kind && it.p_filesz == 0);
    if lost(PT_DYNAMIC) || lost(PT_INTERP) {
        return Linkage::Unlinked;
    }
    match elf_type {
        _ if has(PT_INTERP) => Linkage::Dynamic,
        ElfType::DYN if flags.has(DynamicFlags1::PIE) => Linkage::StaticPie,
        ElfType::DYN if has(PT_DYNAMIC) => Linkage::Shared,
        _ => Linkage::Static,
    }
}

/// What the file declares, of whichever architecture it is.
fn attributes(view: &View<'_>) -> Option<Attributes> {
    /// `SHT_ARM_ATTRIBUTES` and `SHT_RISCV_ATTRIBUTES`.
    const SHT_ATTRIBUTES: u32 = 0x7000_0003;
    const PT_RISCV_ATTRIBUTES: u32 = 0x7000_0003;
    let section = || view.section_of_type(SHT_ATTRIBUTES);
    match view.machine {
        Machine::ARM => build_attributes::arm(section()?, view.encoding).map(Attributes::Arm),
        Machine::RISCV => {
            let segment = view.stored(PT_RISCV_ATTRIBUTES).next().map(|it| view.content(it));
            let content = segment.or_else(section)?;
            build_attributes::riscv(content, view.encoding).map(Attributes::Riscv)
        }
        Machine::I386 | Machine::X86_64 => notes::x86_isa_needed(view).map(Attributes::X86),
        _ => None,
    }
}

/// The kernel maps what lies in the file; bytes beyond its end are a bus error when touched.
fn within_file(view: &View<'_>) -> Result<(), Malformation> {
    let has = view.bytes.len() as u64;
    let needs = view.stored(PT_LOAD).map(|it| it.p_offset.saturating_add(it.p_filesz)).max();
    match needs {
        Some(needs) if needs > has => Err(Malformation::SegmentBeyondEnd { needs, has }),
        _ => Ok(()),
    }
}

/// `PT_INTERP` holds a path that ends with a NUL, as Linux's `load_elf_binary` demands.
fn interpreter(view: &View<'_>) -> Result<Option<String>, Malformation> {
    let Some(segment) = view.segments.iter().find(|it| it.p_type == PT_INTERP) else {
        return Ok(None);
    };
    // A file that holds only another's debug information keeps the segment without its bytes.
    if segment.p_filesz == 0 {
        return Ok(None);
    }
    view.slice(segment.p_offset, segment.p_filesz)
        .and_then(|raw| raw.strip_suffix(b"\0"))
        .and_then(|raw| raw.split(|byte| *byte == 0).next())
        .and_then(|path| std::str::from_utf8(path).ok())
        .filter(|path| !path.is_empty())
        .map(|path| Some(path.to_owned()))
        .ok_or(Malformation::Interpreter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{ElfFile, platform};
    use crate::platform::Platform;

    fn platforms() -> impl Iterator<Item = String> {
        Platform::all_known().map(|it| it.to_string())
    }

    fn dynamic(platform_name: &str) -> ElfFile {
        ElfFile::of(platform_name)
            .shared()
            .with_interpreter("/lib/ld.so.1")
            .with_needed(&["libm.so.6", "libc.so.6"])
    }

    /// What is wrong with a file of which the header can be read.
    fn malformation(bytes: &[u8]) -> Option<Malformation> {
        ElfFacts::read(bytes).expect("a header").malformation
    }

    #[test]
    fn what_is_not_needed_is_not_asked_for() {
        let whole = ElfFile::of("linux/amd64").bytes();
        let (head, huge) = (&whole[..whole.len().min(1024)], 3 << 30);
        assert_eq!(ElfFacts::needed_size(head, whole.len() as u64), whole.len() as u64);
        let segments = ElfFacts::needed_size(head, huge);
        assert!((whole.len() as u64..1 << 20).contains(&segments), "{segments}");
        let object = ElfFile::of("linux/amd64").with_type(ElfType::REL).bytes();
        assert_eq!(ElfFacts::needed_size(&object, huge), object.len() as u64);
        for (at, value) in [(0x28, 64_u64), (0x20, 1 << 40)] {
            // Sections, and program headers that do not lie at its beginning.
            let mut other = whole.clone();
            other[at..at + 8].copy_from_slice(&value.to_le_bytes());
            other[0x3c] = u8::from(at == 0x28);
            assert_eq!(ElfFacts::needed_size(&other, huge), huge, "{at:#x}");
        }
    }

    #[test]
    fn every_platform_is_read_in_its_class_and_byte_order() {
        for name in platforms() {
            let name = name.as_str();
            let facts = ElfFacts::read(&dynamic(name).bytes()).expect(name);
            let target = platform(name).elf_target();
            assert_eq!(facts.machine, target.machine, "{name}");
            assert_eq!(facts.class, target.class, "{name}");
            assert_eq!(facts.data, target.data, "{name}");
            assert_eq!(facts.elf_type, ElfType::DYN, "{name}");
            assert_eq!(facts.interpreter.as_deref(), Some("/lib/ld.so.1"), "{name}");
            assert_eq!(facts.needed, ["libm.so.6", "libc.so.6"], "{name}");
            assert_eq!(facts.malformation, None, "{name}");
        }
    }

    #[test]
    fn a_static_program_needs_nothing() {
        let facts = ElfFacts::read(&ElfFile::of("linux/arm64").bytes()).expect("a header");
        assert_eq!((facts.interpreter, facts.needed), (None, Vec::new()));
        assert_eq!(facts.malformation, None);
    }

    #[test]
    fn what_is_cut_off_is_named() {
        let whole = dynamic("linux/amd64").bytes();
        let size = whole.len() as u64;
        for (keep, expected) in [
            (whole.len(), None),
            (whole.len() - 1, Some(Malformation::SegmentBeyondEnd { needs: size, has: size - 1 })),
            // Within the interpreter's path, which follows three program headers.
            (64 + 3 * 56 + 4, Some(Malformation::Interpreter)),
            (64 + 3 * 56 - 1, Some(Malformation::ProgramHeaders)),
            (64, Some(Malformation::ProgramHeaders)),
        ] {
            assert_eq!(malformation(&whole[..keep]), expected, "{keep} bytes");
        }
        for keep in [4, 5, 16, 63] {
            assert_eq!(ElfFacts::read(&whole[..keep]), Err(Malformation::Header), "{keep} bytes");
        }
    }

    #[test]
    fn what_is_wrong_inside_is_named() {
        let whole = dynamic("linux/amd64").bytes();
        let path = whole.windows(5).position(|it| it == b"/lib/").expect("it is there");
        // The last four entries of 16 bytes are DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_NULL.
        let (needed, table) = (whole.len() - 4 * 16, whole.len() - 3 * 16);
        for (what, at, value, expected) in [
            ("a path without an end", path + "/lib/ld.so.1".len(), b'x', Malformation::Interpreter),
            ("an empty path", path, 0, Malformation::Interpreter),
            ("a path that is no text", path, 0xff, Malformation::Interpreter),
            ("a name outside the table", needed + 8, 0xff, Malformation::Dynamic),
            ("a table outside the file", table + 15, 0xff, Malformation::Dynamic),
        ] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            assert_eq!(malformation(&bytes), Some(expected), "{what}");
        }
        let mut class = whole;
        class[4] = 3;
        assert_eq!(ElfFacts::read(&class), Err(Malformation::Header), "no such class");
    }

    #[test]
    fn debug_information_is_not_truncated() {
        let facts = ElfFacts::read(&dynamic("linux/s390x").debug_only().bytes()).expect("a header");
        assert_eq!(facts.malformation, None);
        assert_eq!(facts.interpreter, None);
    }

    #[test]
    fn object_files_are_not_looked_into() {
        let mut object = dynamic("linux/amd64").with_type(ElfType::REL).bytes();
        object.truncate(64);
        assert_eq!(malformation(&object), None);
    }

    #[test]
    fn linkage_is_told_from_segments_and_flags() {
        let program = || ElfFile::of("linux/amd64");
        let loader = "/lib64/ld-linux-x86-64.so.2";
        for (file, expected) in [
            (program(), Linkage::Static),
            (program().shared().with_flags_1(DynamicFlags1::PIE), Linkage::StaticPie),
            (program().with_interpreter(loader), Linkage::Dynamic),
            (program().shared().with_interpreter(loader), Linkage::Dynamic),
            (program().shared().with_needed(&["libc.so.6"]), Linkage::Shared),
            (program().shared(), Linkage::Shared),
            (program().shared().packed_by_upx(), Linkage::Static),
            (program().with_type(ElfType::REL), Linkage::Unlinked),
            (program().with_type(ElfType::CORE), Linkage::Unlinked),
            (program().shared().debug_only(), Linkage::Unlinked),
        ] {
            let facts = ElfFacts::read(&file.bytes()).expect("a header");
            assert_eq!((facts.linkage, facts.malformation), (expected, None), "{file:?}");
        }
    }

    #[test]
    fn names_and_flags_of_the_dynamic_section_are_read() {
        for name in platforms() {
            let name = name.as_str();
            let file = dynamic(name)
                .with_soname("libexample.so.1")
                .with_rpath("/opt/lib:$ORIGIN")
                .with_runpath("$ORIGIN/../lib")
                .with_flags_1(DynamicFlags1::NODEFLIB);
            let facts = ElfFacts::read(&file.bytes()).expect(name);
            assert_eq!(facts.soname.as_deref(), Some("libexample.so.1"), "{name}");
            assert_eq!(facts.rpath.as_deref(), Some("/opt/lib:$ORIGIN"), "{name}");
            assert_eq!(facts.runpath.as_deref(), Some("$ORIGIN/../lib"), "{name}");
            assert!(facts.flags_1.has(DynamicFlags1::NODEFLIB), "{name}");
            assert!(!facts.flags_1.has(DynamicFlags1::PIE), "{name}");
            assert_eq!(facts.malformation, None, "{name}");
        }
    }

    #[test]
    fn segments_are_read_as_they_are() {
        let odd = LoadSegment {
            offset: 8,
            address: 0x40_1000,
            file_size: 16,
            memory_size: 32,
            flags: 6,
            alignment: 0x1000,
        };
        for name in platforms() {
            let name = name.as_str();
            let file = ElfFile::of(name).with_alignment(0x4000).with_load(odd).with_tls(40, 64);
            let facts = ElfFacts::read(&file.bytes()).expect(name);
            assert_eq!(facts.loads[0].alignment, 0x4000, "{name}");
            assert_eq!(facts.loads[1..], [odd], "{name}");
            assert_eq!(facts.tls, Some(TlsSegment { size: 40, alignment: 64 }), "{name}");
        }
    }

    #[test]
    fn no_byte_is_trusted() {
        for name in ["linux/amd64", "linux/386", "linux/s390x"] {
            crate::elf::testing::mutate(&dynamic(name).bytes());
        }
    }

    /// Entries may share a name; but a table that repeats a long one would fill the memory.
    #[test]
    fn names_take_no_more_than_the_file() {
        let mut names = [""; 100];
        names[0] = "a-name-that-is-rather-long-for-a-library-of-which-one-hundred-are-needed";
        let mut bytes = dynamic("linux/amd64").with_needed(&names).bytes();
        assert_eq!(malformation(&bytes), None);
        // Behind them are DT_STRTAB, DT_STRSZ and DT_NULL.
        let (first, end) = (bytes.len() - 103 * 16, bytes.len() - 3 * 16);
        let name: [u8; 8] = *bytes[first + 8..].first_chunk().expect("d_val");
        for at in (first..end).step_by(16) {
            bytes[at + 8..at + 16].copy_from_slice(&name);
        }
        assert_eq!(malformation(&bytes), Some(Malformation::Dynamic));
    }
}
