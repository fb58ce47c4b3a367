//! One ELF file's facts.

use std::fmt;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::dynamic::DT_NEEDED;
use goblin::elf::program_header::{PT_INTERP, PT_LOAD};
use goblin::elf::{Dynamic, Elf, Header, ProgramHeader};
use serde::{Deserialize, Serialize};

use super::{
    Attributes, Class, Data, DynamicFlags1, ElfTarget, ElfType, GoBuild, Jemalloc, Linkage,
    LoadSegment, Machine, Packer, PrivateSymbols, TlsSegment, VersionNeed,
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

/// Why a file that begins as ELF does cannot be used as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Malformation {
    /// The header is cut off, or its class or byte order is none that exists.
    Header,
    /// The program header table reaches beyond the end of the file.
    ProgramHeaders,
    /// A `PT_LOAD` segment takes bytes from beyond the end of the file: the file is truncated.
    SegmentBeyondEnd {
        /// Where the segment's bytes would end.
        needs: u64,
        /// The size of the file.
        has: u64,
    },
    /// `PT_INTERP` is outside the file, empty, not terminated, or not text.
    Interpreter,
    /// The dynamic section cannot be read.
    Dynamic,
}

impl fmt::Display for Malformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => {
                f.write_str("the ELF header is cut off or names no known class and byte order")
            }
            Self::ProgramHeaders => {
                f.write_str("the program header table reaches beyond the end of the file")
            }
            Self::SegmentBeyondEnd { needs, has } => {
                write!(
                    f,
                    "a PT_LOAD segment needs {needs} bytes of a file of {has}: it is truncated"
                )
            }
            Self::Interpreter => f.write_str("PT_INTERP holds no path"),
            Self::Dynamic => f.write_str("the dynamic section cannot be read"),
        }
    }
}

impl ElfFacts {
    /// The machine, class and byte order.
    #[must_use]
    pub const fn target(&self) -> ElfTarget {
        ElfTarget { machine: self.machine, class: self.class, data: self.data }
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
        let mut facts = Self::from_header(&header, container, endian);
        if let Err(malformation) = facts.read_segments(bytes, &header, Ctx::new(container, endian))
        {
            facts.malformation = Some(malformation);
        }
        Ok(facts)
    }

    fn from_header(header: &Header, container: Container, endian: Endian) -> Self {
        Self {
            machine: Machine(header.e_machine),
            class: if container.is_big() { Class::Elf64 } else { Class::Elf32 },
            data: if endian.is_little() { Data::Lsb } else { Data::Msb },
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
            loads: Vec::new(),
            tls: None,
            attributes: None,
            go: None,
            packer: None,
            jemalloc: None,
            malformation: None,
        }
    }

    fn read_segments(
        &mut self,
        bytes: &[u8],
        header: &Header,
        ctx: Ctx,
    ) -> Result<(), Malformation> {
        if !self.elf_type.is_loadable() {
            return Ok(());
        }
        let offset = usize::try_from(header.e_phoff).map_err(|_| Malformation::ProgramHeaders)?;
        let segments = ProgramHeader::parse(bytes, offset, usize::from(header.e_phnum), ctx)
            .map_err(|_| Malformation::ProgramHeaders)?;
        self.interpreter = interpreter(bytes, &segments)?;
        within_file(&segments, bytes.len() as u64)?;
        self.needed = needed(bytes, &segments, ctx)?;
        Ok(())
    }
}

/// The kernel maps what lies in the file; bytes beyond its end are a bus error when touched.
fn within_file(segments: &[ProgramHeader], has: u64) -> Result<(), Malformation> {
    let end = |segment: &ProgramHeader| segment.p_offset.saturating_add(segment.p_filesz);
    let needs = segments.iter().filter(|it| it.p_type == PT_LOAD && it.p_filesz > 0).map(end).max();
    match needs {
        Some(needs) if needs > has => Err(Malformation::SegmentBeyondEnd { needs, has }),
        _ => Ok(()),
    }
}

/// `PT_INTERP` holds a path that ends with a NUL, as Linux's `load_elf_binary` demands.
fn interpreter(bytes: &[u8], segments: &[ProgramHeader]) -> Result<Option<String>, Malformation> {
    let Some(segment) = segments.iter().find(|it| it.p_type == PT_INTERP) else {
        return Ok(None);
    };
    // A file that holds only another's debug information keeps the segment without its bytes.
    if segment.p_filesz == 0 {
        return Ok(None);
    }
    slice(bytes, segment.p_offset, segment.p_filesz)
        .and_then(|raw| raw.strip_suffix(b"\0"))
        .and_then(|raw| raw.split(|byte| *byte == 0).next())
        .and_then(|path| std::str::from_utf8(path).ok())
        .filter(|path| !path.is_empty())
        .map(|path| Some(path.to_owned()))
        .ok_or(Malformation::Interpreter)
}

fn needed(bytes: &[u8], segments: &[ProgramHeader], ctx: Ctx) -> Result<Vec<String>, Malformation> {
    let broken = |_| Malformation::Dynamic;
    let Some(dynamic) = Dynamic::parse(bytes, segments, ctx).map_err(broken)? else {
        return Ok(Vec::new());
    };
    // goblin gives 0 for an address that no segment has: there the file's header lies.
    let strings = match dynamic.info.strtab as u64 {
        0 => None,
        at => slice(bytes, at, dynamic.info.strsz as u64),
    };
    // Only these names are looked at: what else stands in the table is no matter of the loader's
    // first steps, and may be any bytes.
    let name = |at: u64| {
        let rest = strings?.get(usize::try_from(at).ok()?..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&rest[..end]).ok().map(str::to_owned)
    };
    let needed = dynamic.dyns.iter().filter(|it| it.d_tag == DT_NEEDED);
    needed.map(|it| name(it.d_val).ok_or(Malformation::Dynamic)).collect()
}

fn slice(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    bytes.get(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{ElfFile, platform};

    const PLATFORMS: [&str; 11] = [
        "linux/386",
        "linux/amd64",
        "linux/arm/v7",
        "linux/arm64",
        "linux/loong64",
        "linux/mips64",
        "linux/mips64le",
        "linux/ppc64",
        "linux/ppc64le",
        "linux/riscv64",
        "linux/s390x",
    ];

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
    fn every_platform_is_read_in_its_class_and_byte_order() {
        for name in PLATFORMS {
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

    /// The bytes come from strangers: nothing they hold may end the program.
    #[test]
    fn no_byte_is_trusted() {
        for name in ["linux/amd64", "linux/386", "linux/s390x"] {
            let whole = dynamic(name).bytes();
            for at in 0..whole.len() {
                for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                    let mut bytes = whole.clone();
                    bytes[at] = value;
                    let _ = ElfFacts::read(&bytes);
                }
                let _ = ElfFacts::read(&whole[..at]);
            }
        }
    }
}
