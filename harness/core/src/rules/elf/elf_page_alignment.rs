//! Pages: Linux maps files page by page, and how large a page is, the kernel decides.
//!
//! amd64, 386, 32-bit ARM and riscv64 have 4 KiB for all. arm64 has 4, 16 (Apple, Raspberry Pi 5) or
//! 64 KiB; ppc64le has 64 KiB on every distribution, loong64 16 KiB, sparc64 8 KiB.

use crate::elf::{ElfFacts, Jemalloc, Linkage, LoadSegment};
use crate::evidence::image::Variant;
use crate::rules::analysis::executables::Executable;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ElfPageAlignment,
    group: Group::Elf,
    severity: Severity::Error,
    summary: "An ELF file cannot be loaded where memory pages are larger than 4 KiB.",
    page: include_str!("../../../pages/ElfPageAlignment.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

const KIB: u64 = 1024;
const PF_X: u32 = 1;

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let files = context.executables().iter().filter(|it| it.is_whole && !it.is_chosen);
    files.flat_map(|it| misaligned(context.variant, it)).collect()
}

fn misaligned(variant: &Variant, file: &Executable<'_>) -> Vec<Finding> {
    let facts = file.facts;
    let sizes = variant.platform.facts().large_pages;
    let find = |actual: u64, message: String| {
        let largest = sizes.last().copied().unwrap_or(actual);
        let finding = RULE.of_file(variant, file.file(), message);
        finding
            .with_values(&describe(largest), &describe(actual))
            // 16 KiB is what users have at home; kernels with 64 KiB are built for servers.
            .with_severity(if actual < sizes[0] { Severity::Error } else { Severity::Warning })
    };
    let too_small = |works: &dyn Fn(u64) -> bool| sizes.iter().copied().find(|it| !works(*it));
    let mapped = too_small(&|size| can_be_mapped(facts, size)).map(|fails| {
        let largest = if fails == sizes[0] { 4 * KIB } else { sizes[0] };
        find(
            largest,
            format!("the file's segments cannot be mapped with pages of {}", describe(fails)),
        )
    });
    let allocated = match facts.jemalloc {
        Some(Jemalloc::PageSize(has)) => too_small(&|size| size <= has).map(|fails| {
            let message = format!(
                "the file's allocator, jemalloc, supports pages of up to {}, and aborts with {}",
                describe(has),
                describe(fails)
            );
            find(has, message)
        }),
        Some(Jemalloc::PageSizeUnknown) | None => None,
    };
    mapped.into_iter().chain(allocated).collect()
}

fn describe(size: u64) -> String {
    format!("{} KiB", size / KIB)
}

/// The kernel maps what has its right place within a page. Loaders want more: glibc's looked
/// for long at the alignment that the linker worked for, and many images have such a one.
///
/// Source: glibc, `elf/dl-load.c`: "ELF load command alignment not page-aligned".
fn can_be_mapped(facts: &ElfFacts, page: u64) -> bool {
    let is_aligned = facts.loads.iter().all(|it| it.alignment >= page);
    let is_loaded = matches!(facts.linkage, Linkage::Dynamic | Linkage::Shared);
    (is_aligned || !is_loaded) && have_their_places(&facts.loads, page)
}

/// A segment's bytes have the same place within a page in the file as in memory, and no page has
/// code from one segment and anything else from another: the later decides for both, and the code
/// may no longer be executed.
///
/// Source: gABI, chapter 5, "Program Loading"; Linux, `fs/binfmt_elf.c`, `elf_map`.
fn have_their_places(loads: &[LoadSegment], page: u64) -> bool {
    let mut loads: Vec<&LoadSegment> = loads.iter().filter(|it| it.memory_size > 0).collect();
    loads.sort_by_key(|it| it.address);
    let is_congruent = |it: &&LoadSegment| it.address % page == it.offset % page;
    let is_apart = |pair: &[&LoadSegment]| {
        let last = pair[0].address.saturating_add(pair[0].memory_size - 1) / page;
        last < pair[1].address / page || (pair[0].flags & PF_X) == (pair[1].flags & PF_X)
    };
    loads.iter().all(is_congruent) && loads.windows(2).all(is_apart)
}
