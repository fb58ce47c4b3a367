//! The versions of symbols.
//!
//! Source: Linux Standard Base Core, chapter "Symbol Versioning"; glibc, elf/dl-version.c.

use std::collections::BTreeSet;

use goblin::elf::dynamic::{DT_GNU_HASH, DT_HASH, DT_SYMTAB, DT_VERDEF, DT_VERNEED, DT_VERSYM};

use super::dynamic::DynamicTable;
use super::view::Encoding;
use super::{Class, Machine, Malformation, NeededVersion, PrivateSymbols, Strength, VersionNeed};

/// The version of the symbols that glibc's parts keep among themselves.
const PRIVATE: &str = "GLIBC_PRIVATE";
/// `VER_NEED_CURRENT` and `VER_DEF_CURRENT`; glibc refuses files with any other.
const CURRENT: u16 = 1;
const VER_FLG_BASE: u16 = 1;
const VER_FLG_WEAK: u16 = 2;
/// The lower bits of a symbol's version are the index; the highest hides it from the linker.
const VERSION_INDEX: u16 = 0x7fff;
const SHN_UNDEF: u16 = 0;
/// The number of symbols, which the MIPS loader needs for its global offset table.
///
/// Source: MIPS psABI, chapter 5, "Dynamic Section".
const DT_MIPS_SYMTABNO: u64 = 0x7000_0011;

/// What a file says about versions.
#[derive(Default)]
pub(super) struct Versions {
    pub(super) needs: Vec<VersionNeed>,
    /// Without the base version.
    pub(super) definitions: Vec<String>,
    /// By which numbers the symbols of version `GLIBC_PRIVATE` are marked.
    private: BTreeSet<u16>,
}

impl Versions {
    pub(super) fn read(dynamic: &mut DynamicTable<'_>) -> Result<Self, Malformation> {
        let mut versions = Self::default();
        versions.read_needs(dynamic).ok_or(Malformation::Dynamic)?;
        versions.read_definitions(dynamic).ok_or(Malformation::Dynamic)?;
        Ok(versions)
    }

    /// `Verneed`: `vn_version`, `vn_cnt`, `vn_file`, `vn_aux`, `vn_next`.
    fn read_needs(&mut self, dynamic: &mut DynamicTable<'_>) -> Option<()> {
        if dynamic.value(DT_VERNEED).is_none() {
            return Some(());
        }
        let (encoding, table) = (dynamic.view.encoding, dynamic.table(DT_VERNEED)?);
        let mut at = 0;
        loop {
            if encoding.u16(table, at)? != CURRENT {
                return None;
            }
            let count = encoding.u16(table, at + 2)?;
            let library = dynamic.name(encoding.u32(table, at + 4)?.into())?;
            let first = at.checked_add(encoding.size(table, at + 8)?)?;
            let versions = self.read_needed(dynamic, table, first, count)?;
            self.needs.push(VersionNeed { library, versions });
            match encoding.size(table, at + 12)? {
                0 => return Some(()),
                next => at = at.checked_add(next)?,
            }
        }
    }

    /// `Vernaux`: `vna_hash`, `vna_flags`, `vna_other`, `vna_name`, `vna_next`.
    fn read_needed(
        &mut self,
        dynamic: &mut DynamicTable<'_>,
        table: &[u8],
        mut at: usize,
        count: u16,
    ) -> Option<Vec<NeededVersion>> {
        let encoding = dynamic.view.encoding;
        let mut versions = Vec::new();
        for _ in 0..count {
            let flags = encoding.u16(table, at.checked_add(4)?)?;
            let name = dynamic.name(encoding.u32(table, at + 8)?.into())?;
            if name == PRIVATE {
                self.private.insert(encoding.u16(table, at + 6)? & VERSION_INDEX);
            }
            let weak = flags & VER_FLG_WEAK != 0;
            let strength = if weak { Strength::Weak } else { Strength::Required };
            versions.push(NeededVersion { name, strength });
            match encoding.size(table, at + 12)? {
                0 => break,
                next => at = at.checked_add(next)?,
            }
        }
        Some(versions)
    }

    /// `Verdef`: `vd_version`, `vd_flags`, `vd_ndx`, `vd_cnt`, `vd_hash`, `vd_aux`, `vd_next`; of the
    /// names (`Verdaux`: `vda_name`, `vda_next`) the first is the version's, others its parents'.
    fn read_definitions(&mut self, dynamic: &mut DynamicTable<'_>) -> Option<()> {
        if dynamic.value(DT_VERDEF).is_none() {
            return Some(());
        }
        let (encoding, table) = (dynamic.view.encoding, dynamic.table(DT_VERDEF)?);
        let mut at = 0_usize;
        loop {
            if encoding.u16(table, at)? != CURRENT {
                return None;
            }
            let flags = encoding.u16(table, at + 2)?;
            let index = encoding.u16(table, at + 4)? & VERSION_INDEX;
            let name = at.checked_add(encoding.size(table, at + 12)?)?;
            let name = dynamic.name(encoding.u32(table, name)?.into())?;
            if name == PRIVATE {
                self.private.insert(index);
            }
            if flags & VER_FLG_BASE == 0 {
                self.definitions.push(name);
            }
            match encoding.size(table, at + 16)? {
                0 => return Some(()),
                next => at = at.checked_add(next)?,
            }
        }
    }

    /// The symbols of version `GLIBC_PRIVATE`. Symbols are looked at only if a file names that
    /// version, as few do.
    pub(super) fn private_symbols(&self, dynamic: &mut DynamicTable<'_>) -> PrivateSymbols {
        let mut found = PrivateSymbols::default();
        if self.private.is_empty() {
            return found;
        }
        let (Some(symbols), Some(versions)) = (dynamic.table(DT_SYMTAB), dynamic.table(DT_VERSYM))
        else {
            return found;
        };
        let encoding = dynamic.view.encoding;
        for at in 0..symbol_count(dynamic, symbols, versions) {
            let version = encoding.u16(versions, 2 * at).unwrap_or_default();
            if !self.private.contains(&(version & VERSION_INDEX)) {
                continue;
            }
            let Some((name, section)) = symbol(encoding, symbols, at) else { break };
            let Some(name) = dynamic.name(name.into()) else { break };
            // GNU ld of old defined a symbol for the version itself.
            if name == PRIVATE {
                continue;
            }
            let list = if section == SHN_UNDEF { &mut found.needs } else { &mut found.defines };
            list.push(name);
        }
        for list in [&mut found.needs, &mut found.defines] {
            list.sort_unstable();
            list.dedup();
        }
        found
    }
}

const fn symbol_size(class: Class) -> usize {
    match class {
        Class::Elf32 => 16,
        Class::Elf64 => 24,
    }
}

/// `st_name` and `st_shndx`.
///
/// Source: gABI, chapter 4, "Symbol Table".
fn symbol(encoding: Encoding, table: &[u8], index: usize) -> Option<(u32, u16)> {
    let at = index * symbol_size(encoding.class);
    let section = match encoding.class {
        Class::Elf32 => at + 14,
        Class::Elf64 => at + 6,
    };
    Some((encoding.u32(table, at)?, encoding.u16(table, section)?))
}

/// How many dynamic symbols there are. Nothing says so but the hash tables; sections, which would,
/// may be stripped. No more than there is room for.
fn symbol_count(dynamic: &DynamicTable<'_>, symbols: &[u8], versions: &[u8]) -> usize {
    let size = symbol_size(dynamic.view.encoding.class);
    let room = (symbols.len() / size).min(versions.len() / 2);
    let count = match (dynamic.view.machine, dynamic.value(DT_MIPS_SYMTABNO)) {
        (Machine::MIPS, Some(count)) => usize::try_from(count).ok(),
        _ => hashed(dynamic).or_else(|| gnu_hashed(dynamic)),
    };
    count.or_else(|| between_tables(dynamic, size)).unwrap_or(room).min(room)
}

/// `nchain` of `DT_HASH`, whose entries have 8 bytes on s390x.
///
/// Source: gABI, chapter 5, "Hash Table"; zSeries ELF ABI supplement, "Hash Table".
fn hashed(dynamic: &DynamicTable<'_>) -> Option<usize> {
    let (view, table) = (dynamic.view, dynamic.table(DT_HASH)?);
    if view.machine == Machine::S390 && view.encoding.class == Class::Elf64 {
        return usize::try_from(view.encoding.u64(table, 8)?).ok();
    }
    view.encoding.size(table, 4)
}

/// `DT_GNU_HASH` holds the symbols that are defined, sorted by bucket behind all others: the last
/// one ends the chain of the highest bucket. GNU ld's table of no symbols says nothing.
///
/// Source: binutils, bfd/elflink.c, `bfd_elf_size_dynsym_hash_dynstr`; glibc, elf/dl-lookup.c.
fn gnu_hashed(dynamic: &DynamicTable<'_>) -> Option<usize> {
    const HEADER: usize = 16;
    let (encoding, table) = (dynamic.view.encoding, dynamic.table(DT_GNU_HASH)?);
    let (buckets, first) = (encoding.size(table, 0)?, encoding.size(table, 4)?);
    let bloom = if encoding.class == Class::Elf64 { 8 } else { 4 };
    let bloom = encoding.size(table, 8)?.checked_mul(bloom)?;
    let buckets_at = HEADER.checked_add(bloom)?;
    let chains_at = buckets_at.checked_add(buckets.checked_mul(4)?)?;
    let heads = table.get(buckets_at..chains_at)?.chunks_exact(4);
    let mut last = heads.filter_map(|it| encoding.size(it, 0)).max().unwrap_or_default();
    if last < first {
        return (first > 1).then_some(first);
    }
    loop {
        let at = (last - first).checked_mul(4)?.checked_add(chains_at)?;
        last += 1;
        if encoding.u32(table, at)? & 1 == 1 {
            return Some(last);
        }
    }
}

/// What there is room for before the next table begins.
fn between_tables(dynamic: &DynamicTable<'_>, size: usize) -> Option<usize> {
    let room = |tag, size| Some(usize::try_from(dynamic.extent(tag)?).ok()? / size);
    let (symbols, versions) = (room(DT_SYMTAB, size), room(DT_VERSYM, 2));
    [symbols, versions].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::{ElfFacts, ElfType};
    use crate::fixture::ElfFile;

    const PLATFORMS: [&str; 5] =
        ["linux/386", "linux/amd64", "linux/mips64", "linux/ppc64", "linux/s390x"];

    fn read(file: &ElfFile) -> ElfFacts {
        let facts = ElfFacts::read(&file.bytes()).expect("a header");
        assert_eq!(facts.malformation, None);
        facts
    }

    fn library(platform_name: &str) -> ElfFile {
        ElfFile::of(platform_name)
            .shared()
            .with_soname("libc.so.6")
            .with_version_definitions(&["GLIBC_2.17", "GLIBC_2.34"])
            .with_private_definitions(&["__twalk_r", "__libc_early_init", PRIVATE])
            .with_version_needs("ld-linux.so.2", &["GLIBC_2.3"])
            .with_private_needs("ld-linux.so.2", &["_rtld_global", "_dl_argv"])
    }

    #[test]
    fn versions_are_read_in_every_class_and_byte_order() {
        for name in PLATFORMS {
            let file = ElfFile::of(name)
                .with_interpreter("/lib/ld.so.1")
                .with_version_needs("libm.so.6", &["GLIBC_2.29"])
                .with_version_needs("libc.so.6", &["GLIBC_2.34", "GLIBC_2.2.5"])
                .with_weak_version_need("libc.so.6", "GLIBC_ABI_DT_RELR");
            let facts = read(&file);
            let needs: Vec<_> = facts
                .version_needs
                .iter()
                .flat_map(|need| need.versions.iter().map(|it| (&*need.library, &*it.name)))
                .collect();
            let expected = [
                ("libm.so.6", "GLIBC_2.29"),
                ("libc.so.6", "GLIBC_2.34"),
                ("libc.so.6", "GLIBC_2.2.5"),
                ("libc.so.6", "GLIBC_ABI_DT_RELR"),
            ];
            assert_eq!(needs, expected, "{name}");
            let strengths = facts.version_needs[1].versions.iter().map(|it| it.strength);
            let expected = [Strength::Required, Strength::Required, Strength::Weak];
            assert_eq!(strengths.collect::<Vec<_>>(), expected, "{name}");
            assert!(
                facts.version_definitions.is_empty() && facts.glibc_private.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    fn the_base_version_is_no_definition() {
        let file = ElfFile::of("linux/arm64").shared().with_version_definitions(&["V1", "V2"]);
        assert_eq!(read(&file).version_definitions, ["V1", "V2"]);
    }

    #[test]
    fn private_symbols_are_found_through_either_hash_table() {
        for name in PLATFORMS {
            for file in [library(name), library(name).with_gnu_hash()] {
                let private = read(&file).glibc_private;
                assert_eq!(private.needs, ["_dl_argv", "_rtld_global"], "{name}");
                assert_eq!(private.defines, ["__libc_early_init", "__twalk_r"], "{name}");
            }
        }
    }

    #[test]
    fn a_gnu_hash_of_no_symbols_hides_none() {
        let file = ElfFile::of("linux/amd64")
            .with_interpreter("/lib64/ld-linux-x86-64.so.2")
            .with_private_needs("libc.so.6", &["__libc_secure", "_dl_argv"])
            .with_gnu_hash();
        assert_eq!(read(&file).glibc_private.needs, ["__libc_secure", "_dl_argv"]);
    }

    #[test]
    fn only_a_version_makes_a_symbol_private() {
        let file = ElfFile::of("linux/amd64").with_version_needs("libc.so.6", &["GLIBC_PRIVATE"]);
        assert_eq!(read(&file).glibc_private, PrivateSymbols::default(), "no symbols at all");
    }

    /// glibc refuses a table of another version, and finds none outside the file.
    #[test]
    fn what_a_loader_cannot_read_is_named() {
        let file = ElfFile::of("linux/amd64").shared().with_version_needs("libc.so.6", &["V"]);
        let whole = file.bytes();
        let find = |what: &[u8]| whole.windows(what.len()).position(|it| it == what);
        let table = find(&[1, 0, 1, 0]).expect("vn_version and vn_cnt");
        let tag = find(&0x6fff_fffe_u64.to_le_bytes()).expect("DT_VERNEED");
        for (what, at) in [
            ("a version of the table that nobody knows", table),
            ("a library's name outside", table + 7),
            ("a version outside", table + 11),
            ("a version's name outside", table + 16 + 11),
            ("a table outside", tag + 15),
        ] {
            let mut bytes = whole.clone();
            bytes[at] = 0x55;
            let facts = ElfFacts::read(&bytes).expect("a header");
            assert_eq!(facts.malformation, Some(Malformation::Dynamic), "{what}");
        }
    }

    #[test]
    fn object_files_have_no_versions() {
        let facts = read(&library("linux/amd64").with_type(ElfType::REL));
        assert!(facts.version_needs.is_empty() && facts.version_definitions.is_empty());
    }

    #[test]
    fn no_byte_is_trusted() {
        for file in [library("linux/386"), library("linux/s390x").with_gnu_hash()] {
            crate::elf::testing::mutate(&file.bytes());
        }
    }
}
