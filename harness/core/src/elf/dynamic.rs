//! The dynamic section (`PT_DYNAMIC`), and what the loader finds through it.
//!
//! Source: gABI, chapter 5, "Dynamic Section".

use goblin::elf::Dynamic;
use goblin::elf::dynamic::{DT_STRSZ, DT_STRTAB, Dyn};

use super::Malformation;
use super::view::View;
use crate::linux::PATH_MAX;

/// What a name costs beside its letters: no entry that has one is smaller.
const NAME_COST: usize = 8;

/// A longer name is none: Linux opens no longer paths, and what many files share would be said of each of
/// them.
const NAME_LIMIT: usize = PATH_MAX - 1;

/// A file's dynamic section.
pub(super) struct DynamicTable<'a> {
    pub(super) view: &'a View<'a>,
    entries: Vec<Dyn>,
    strings: &'a [u8],
    /// How much of the file's size is left for names. Two entries may share a name's bytes; but
    /// entries that repeat a long name without end are no honest file's.
    budget: usize,
}

impl<'a> DynamicTable<'a> {
    pub(super) fn read(view: &'a View<'a>) -> Result<Option<Self>, Malformation> {
        let dynamic = Dynamic::parse(view.bytes, &view.segments, view.context())
            .map_err(|_| Malformation::Dynamic)?;
        Ok(dynamic.map(|it| {
            let mut table = Self { view, entries: it.dyns, strings: &[], budget: view.bytes.len() };
            table.strings = table.string_table().unwrap_or_default();
            table
        }))
    }

    /// The values of all entries with a tag, in the file's order.
    pub(super) fn values(&self, tag: u64) -> Vec<u64> {
        self.entries.iter().filter(|it| it.d_tag == tag).map(|it| it.d_val).collect()
    }

    /// The value that the loader takes: the last.
    pub(super) fn value(&self, tag: u64) -> Option<u64> {
        self.entries.iter().rfind(|it| it.d_tag == tag).map(|it| it.d_val)
    }

    /// From the table whose address has a tag to the end of its segment.
    pub(super) fn table(&self, tag: u64) -> Option<&'a [u8]> {
        self.view.at_address(self.value(tag)?)
    }

    /// `DT_STRTAB`. The loader does not look at `DT_STRSZ`.
    fn string_table(&self) -> Option<&'a [u8]> {
        let rest = self.table(DT_STRTAB)?;
        let size = self.value(DT_STRSZ).and_then(|it| usize::try_from(it).ok())?;
        Some(&rest[..rest.len().min(size)])
    }

    /// The name at a place of the string table.
    ///
    /// Only names that are asked for are looked at: what else stands in the table may be any bytes.
    pub(super) fn name(&mut self, at: u64) -> Option<String> {
        self.text(at, NAME_LIMIT)
    }

    /// The name to which the last entry with a tag leads; none if it leads to none.
    pub(super) fn named(&mut self, tag: u64) -> Option<String> {
        self.value(tag).and_then(|at| self.name(at))
    }

    /// The list of folders to which the last entry with a tag leads. It may be of any length.
    pub(super) fn folders(&mut self, tag: u64) -> Option<String> {
        self.value(tag).and_then(|at| self.text(at, usize::MAX))
    }

    fn text(&mut self, at: u64, limit: usize) -> Option<String> {
        let rest = self.strings.get(usize::try_from(at).ok()?..)?;
        let rest = &rest[..rest.len().min(self.budget).min(limit.saturating_add(1))];
        let end = rest.iter().position(|byte| *byte == 0)?;
        self.budget = self.budget.checked_sub(end + NAME_COST)?;
        std::str::from_utf8(&rest[..end]).ok().map(str::to_owned)
    }

    /// How far it is from a table to the next one, as the bound for a table that does not say its
    /// size. Any value above an address may be the next table's.
    pub(super) fn extent(&self, tag: u64) -> Option<u64> {
        let start = self.value(tag)?;
        let after = self.entries.iter().map(|it| it.d_val).filter(|it| *it > start);
        after.min().map(|next| next - start)
    }
}
