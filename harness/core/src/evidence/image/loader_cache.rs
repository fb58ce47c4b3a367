//! `/etc/ld.so.cache`: where glibc's loader finds a library before it tries its built-in folders.
//!
//! Source: glibc, `sysdeps/generic/dl-cache.h` for the formats, `elf/dl-cache.c` for what the loader
//! accepts of them, `sysdeps/generic/ldconfig.h` for the flags.

use serde::{Deserialize, Serialize};

use crate::elf::Data;
use crate::text::escape;

/// The libraries that `ldconfig` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoaderCache {
    /// The byte order that it was written in: loaders of the other do not read it.
    pub data: Data,
    /// The entries, in the file's order, which is that of preference.
    pub entries: Vec<CacheEntry>,
}

/// One library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntry {
    /// The name that files need it by.
    pub name: String,
    /// Its path in the image.
    pub path: String,
    /// The ABI that it is for: `FLAG_ELF_LIBC6 | FLAG_X8664_LIB64`.
    pub flags: u32,
    /// The processors that it is for, if not for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Hardware>,
}

impl LoaderCache {
    /// About the memory that it takes, in bytes.
    pub(crate) fn size_in_memory(&self) -> usize {
        let entries = self.entries.iter().map(|it| size_of_val(it) + it.name.len() + it.path.len());
        entries.sum()
    }
}

/// Which processors take an entry of the cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hardware {
    /// Those of a subfolder of `glibc-hwcaps`: `x86-64-v3`.
    Subfolder(String),
    /// Those with some bits of `AT_HWCAP` or of an `AT_PLATFORM`; loaders since 2.37 take none.
    Legacy(u64),
}

/// `CACHEMAGIC`: libc5 to glibc 2.1, and the beginning of files that hold both formats.
const MAGIC_OLD: &[u8] = b"ld.so-1.7.0";
/// `CACHEMAGIC_VERSION_NEW`: glibc 2.2 and later.
const MAGIC_NEW: &[u8] = b"glibc-ld.so.cache1.1";
/// `sizeof (struct cache_file)` and of its entries.
const OLD: (usize, usize) = (16, 12);
/// `sizeof (struct cache_file_new)` and of its entries.
const NEW: (usize, usize) = (48, 24);
/// `cache_extension_magic`.
const EXTENSION_MAGIC: u32 = 0xeaa4_2174;
/// `cache_extension_tag_glibc_hwcaps`.
const EXTENSION_HWCAPS: u32 = 1;
/// `DL_CACHE_HWCAP_EXTENSION`: the low half of the field is an index of the extension's names.
const HWCAP_EXTENSION: u64 = 1 << 62;
/// Caches have tens of kilobytes; more is not kept.
pub(crate) const SIZE_LIMIT: u64 = 1 << 24;

/// Whether a file begins as a cache does.
pub(crate) fn is_cache(head: &[u8]) -> bool {
    head.starts_with(MAGIC_OLD) || head.starts_with(MAGIC_NEW)
}

impl LoaderCache {
    /// Reads a whole file. As for the loader, one that is damaged is none, and an entry that leads
    /// out of it is no entry.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(MAGIC_NEW) {
            return Self::parse_new(bytes);
        }
        if !bytes.starts_with(MAGIC_OLD) {
            return None;
        }
        let fits = |it: &Raw<'_>| it.count(MAGIC_OLD.len().next_multiple_of(4), OLD).is_some();
        let raw = [Data::Lsb, Data::Msb].map(|data| Raw { bytes, data }).into_iter().find(fits)?;
        let count = raw.count(MAGIC_OLD.len().next_multiple_of(4), OLD)?;
        let strings = OLD.0 + count * OLD.1;
        // ALIGN_CACHE: to 8, where 64-bit numbers are aligned to as much, else to 4.
        let embedded = [8, 4].map(|to| bytes.get(strings.next_multiple_of(to)..));
        let embedded = embedded.into_iter().flatten().find(|it| it.starts_with(MAGIC_NEW));
        match embedded {
            Some(new) => Self::parse_new(new),
            None => Some(Self { data: raw.data, entries: raw.old_entries(count, strings) }),
        }
    }

    fn parse_new(bytes: &[u8]) -> Option<Self> {
        const COUNT: usize = MAGIC_NEW.len();
        let fits = |it: &Raw<'_>| it.count(COUNT, NEW).is_some();
        // `flags`: the byte order, since glibc 2.33.
        let raw = match bytes.get(28)? & 3 {
            0 => [Data::Lsb, Data::Msb].map(|data| Raw { bytes, data }).into_iter().find(fits)?,
            2 => Raw { bytes, data: Data::Lsb },
            3 => Raw { bytes, data: Data::Msb },
            _ => return None,
        };
        let count = raw.count(COUNT, NEW)?;
        Some(Self { data: raw.data, entries: raw.new_entries(count) })
    }
}

/// A cache's bytes. Places in strings count from its beginning.
struct Raw<'a> {
    bytes: &'a [u8],
    data: Data,
}

impl Raw<'_> {
    /// `nlibs`, if that many entries have room.
    fn count(&self, at: usize, (header, entry): (usize, usize)) -> Option<usize> {
        let count = usize::try_from(self.word(at)?).ok()?;
        let room = self.bytes.len().checked_sub(header)? / entry;
        (count <= room).then_some(count)
    }

    fn old_entries(&self, count: usize, strings: usize) -> Vec<CacheEntry> {
        let entry = |number: usize| {
            let at = OLD.0 + number * OLD.1;
            Some(CacheEntry {
                flags: self.word(at)?,
                name: self.string(strings, at + 4)?,
                path: self.string(strings, at + 8)?,
                hardware: None,
            })
        };
        (0..count).filter_map(entry).collect()
    }

    fn new_entries(&self, count: usize) -> Vec<CacheEntry> {
        let subfolders = self.subfolders().unwrap_or_default();
        let entry = |number: usize| {
            let at = NEW.0 + number * NEW.1;
            let hwcap = self.long(at + 16)?;
            let hardware = if hwcap & HWCAP_EXTENSION != 0 {
                let index = usize::try_from(hwcap & u64::from(u32::MAX)).ok()?;
                Some(Hardware::Subfolder(subfolders.get(index)?.clone()))
            } else {
                (hwcap != 0).then_some(Hardware::Legacy(hwcap))
            };
            Some(CacheEntry {
                flags: self.word(at)?,
                name: self.string(0, at + 4)?,
                path: self.string(0, at + 8)?,
                hardware,
            })
        };
        (0..count).filter_map(entry).collect()
    }

    /// The names in the section `cache_extension_tag_glibc_hwcaps`.
    fn subfolders(&self) -> Option<Vec<String>> {
        let at = usize::try_from(self.word(32)?).ok()?;
        if at == 0 || self.word(at)? != EXTENSION_MAGIC {
            return None;
        }
        let sections = usize::try_from(self.word(at + 4)?).ok()?.min(self.bytes.len() / 16);
        let mut headers = (0..sections).map(|number| at + 8 + number * 16);
        let header = headers.find(|at| self.word(*at) == Some(EXTENSION_HWCAPS))?;
        let start = usize::try_from(self.word(header + 8)?).ok()?;
        let words = usize::try_from(self.word(header + 12)?).ok()?.min(self.bytes.len()) / 4;
        (0..words).map(|number| self.string(0, start + number * 4)).collect()
    }

    /// The string whose place in a table is written at `at`.
    fn string(&self, table: usize, at: usize) -> Option<String> {
        let start = table.checked_add(usize::try_from(self.word(at)?).ok()?)?;
        let rest = self.bytes.get(start..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        Some(escape(&rest[..end]))
    }

    fn word(&self, at: usize) -> Option<u32> {
        let raw = *self.bytes.get(at..)?.first_chunk()?;
        Some(match self.data {
            Data::Lsb => u32::from_le_bytes(raw),
            Data::Msb => u32::from_be_bytes(raw),
        })
    }

    fn long(&self, at: usize) -> Option<u64> {
        let raw = *self.bytes.get(at..)?.first_chunk()?;
        Some(match self.data {
            Data::Lsb => u64::from_le_bytes(raw),
            Data::Msb => u64::from_be_bytes(raw),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{CacheFile, CacheFormat};

    const LIB64: u32 = 0x303;

    fn file() -> CacheFile {
        CacheFile::new()
            .entry("libz.so.1", "/opt/lib/libz.so.1", LIB64)
            .entry("libm.so.6", "/lib64/libm.so.6", LIB64)
            .for_hardware("libz.so.1", "/opt/lib/glibc-hwcaps/x86-64-v3/libz.so.1", "x86-64-v3")
    }

    fn briefs(cache: &LoaderCache) -> Vec<String> {
        let brief = |it: &CacheEntry| format!("{} {:x} {}", it.name, it.flags, it.path);
        cache.entries.iter().map(brief).collect()
    }

    #[test]
    fn every_format_and_byte_order_is_read() {
        for data in [Data::Lsb, Data::Msb] {
            for format in [CacheFormat::New, CacheFormat::NewUnmarked, CacheFormat::Both] {
                let cache = LoaderCache::parse(&file().bytes(data, format)).expect("a cache");
                assert_eq!(cache.data, data, "{format:?}");
                assert_eq!(
                    briefs(&cache),
                    [
                        "libz.so.1 303 /opt/lib/libz.so.1",
                        "libm.so.6 303 /lib64/libm.so.6",
                        "libz.so.1 303 /opt/lib/glibc-hwcaps/x86-64-v3/libz.so.1",
                    ],
                    "{format:?}"
                );
                let v3 = Hardware::Subfolder("x86-64-v3".to_owned());
                assert_eq!(cache.entries[0].hardware, None);
                assert_eq!(cache.entries[2].hardware, Some(v3));
            }
            let cache = LoaderCache::parse(&file().bytes(data, CacheFormat::Old)).expect("a cache");
            assert_eq!(briefs(&cache).len(), 2, "the old format knows nothing of processors");
        }
    }

    #[test]
    fn a_damaged_cache_is_none() {
        let whole = file().bytes(Data::Lsb, CacheFormat::New);
        assert_eq!(LoaderCache::parse(&whole[..60]), None, "more entries than there is room for");
        let mut invalid = whole.clone();
        invalid[28] = 1;
        assert_eq!(LoaderCache::parse(&invalid), None, "marked as invalid");
        let mut outside = whole;
        outside[NEW.0 + 7] = 0x7f;
        let cache = LoaderCache::parse(&outside).expect("a cache");
        assert_eq!(cache.entries.len(), 2, "a name outside the file");
    }

    /// The bytes come from strangers: nothing they hold may end the program.
    #[test]
    fn no_byte_is_trusted() {
        for format in [CacheFormat::Old, CacheFormat::Both, CacheFormat::New] {
            let whole = file().bytes(Data::Msb, format);
            for at in 0..whole.len() {
                for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                    let mut bytes = whole.clone();
                    bytes[at] = value;
                    let _ = LoaderCache::parse(&bytes);
                }
                let _ = LoaderCache::parse(&whole[..at]);
            }
        }
    }
}
