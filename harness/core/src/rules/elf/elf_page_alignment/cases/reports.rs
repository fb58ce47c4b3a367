use crate::fixture::{ElfFile, Layer, Variant};
use crate::rules::elf::elf_page_alignment::RULE;
use crate::rules::tests::{Case, caught, silent};

/// jemalloc in arm64 code: the size of a page is compared with a number, and where it is higher
/// comes the message.
pub(super) fn cases() -> Vec<Case> {
    let built_for = |compare: u32| {
        let code = [compare, 0x5400_0048, 0xd65f_03c0, 0x9000_0000, 0x9114_0000, 0x9400_0010];
        let mut data: Vec<u8> = code.iter().flat_map(|it| it.to_le_bytes()).collect();
        data.resize(0x100, 0);
        data.extend(b"<jemalloc>: Unsupported system page size\n\0");
        let file = ElfFile::of("linux/arm64").with_data(&data);
        Variant::new("linux/arm64")
            .layer(Layer::new().executable("app", file.bytes()))
            .entrypoint(&["/app"])
    };
    vec![
        caught(
            RULE.rule,
            "jemalloc built on a machine with pages of 4 KiB",
            built_for(0xf140_041f),
            &["error linux/arm64 /app"],
        ),
        caught(
            RULE.rule,
            "jemalloc for pages of up to 16 KiB",
            built_for(0xf140_101f),
            &["warning linux/arm64 /app"],
        ),
        silent(RULE.rule, "jemalloc for all sizes", built_for(0xf140_401f)),
    ]
}
