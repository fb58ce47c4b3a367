use crate::elf::LoadSegment;
use crate::fixture::ElfFile;
use crate::rules::elf::elf_page_alignment::RULE;
use crate::rules::tests::declared::{alone, library, with};
use crate::rules::tests::{Case, caught, silent};

fn segment(offset: u64, address: u64, flags: u32, alignment: u64) -> LoadSegment {
    LoadSegment { offset, address, file_size: 16, memory_size: 0x800, flags, alignment }
}

pub(super) fn cases() -> Vec<Case> {
    let shared = |platform, alignment| library(platform).with_alignment(alignment);
    let jemalloc = |code: &[u8]| ElfFile::of("linux/arm64").with_data(code);
    let marker = b"\0<jemalloc>: Unsupported system page size\n\0";
    let data_in_the_code_s_page =
        ElfFile::of("linux/arm64").with_load(segment(0x80, 0x1_0080, 6, 0x1000));
    let data_at = |address| ElfFile::of("linux/arm64").with_load(segment(0, address, 6, 0x1000));
    vec![
        caught(
            RULE.rule,
            "a library linked for pages of 4 KiB",
            with("linux/arm64", "usr/lib/libx.so.1", &shared("linux/arm64", 0x1000)),
            &["error linux/arm64 /usr/lib/libx.so.1"],
        ),
        caught(
            RULE.rule,
            "a library linked for pages of 16 KiB",
            with("linux/arm64", "usr/lib/libx.so.1", &shared("linux/arm64", 0x4000)),
            &["warning linux/arm64 /usr/lib/libx.so.1"],
        ),
        caught(
            RULE.rule,
            "PowerPC has no other pages than of 64 KiB",
            with("linux/ppc64le", "usr/lib/libx.so.1", &shared("linux/ppc64le", 0x1000)),
            &["error linux/ppc64le /usr/lib/libx.so.1"],
        ),
        caught(
            RULE.rule,
            "LoongArch has no smaller pages than of 16 KiB",
            with("linux/loong64", "usr/lib/libx.so.1", &shared("linux/loong64", 0x1000)),
            &["error linux/loong64 /usr/lib/libx.so.1"],
        ),
        silent(
            RULE.rule,
            "16 KiB on LoongArch",
            with("linux/loong64", "usr/lib/libx.so.1", &shared("linux/loong64", 0x4000)),
        ),
        caught(
            RULE.rule,
            "SPARC has no other pages than of 8 KiB",
            with("linux/sparc64", "usr/lib/libx.so.1", &shared("linux/sparc64", 0x1000)),
            &["error linux/sparc64 /usr/lib/libx.so.1"],
        ),
        silent(
            RULE.rule,
            "8 KiB on SPARC",
            with("linux/sparc64", "usr/lib/libx.so.1", &shared("linux/sparc64", 0x2000)),
        ),
        caught(
            RULE.rule,
            "a static program's data, not congruent",
            alone("linux/arm64", &data_at(0x3_1000)),
            &["error linux/arm64 /app"],
        ),
        caught(
            RULE.rule,
            "a static program's code and data in one large page",
            alone("linux/arm64", &data_in_the_code_s_page),
            &["error linux/arm64 /app"],
        ),
        silent(
            RULE.rule,
            "a static program of one segment is mapped anywhere",
            alone("linux/arm64", &ElfFile::of("linux/arm64").with_alignment(0x1000)),
        ),
        silent(
            RULE.rule,
            "64 KiB, the linkers' default",
            with("linux/arm64", "usr/lib/libx.so.1", &shared("linux/arm64", 0x1_0000)),
        ),
        silent(
            RULE.rule,
            "4 KiB where there is nothing else",
            with("linux/amd64", "usr/lib/libx.so.1", &shared("linux/amd64", 0x1000)),
        ),
        silent(
            RULE.rule,
            "jemalloc of an unknown page size",
            alone("linux/arm64", &jemalloc(marker)),
        ),
    ]
}
