//! `.comment`: what compilers and linkers say of themselves.
//!
//! Source: gABI, chapter 4, "Special Sections"; rustc, `compiler/rustc_codegen_llvm/src/base.rs`, which
//! writes `rustc version …` as the producer.

use std::collections::BTreeSet;

use super::view::View;

const SECTION: &str = ".comment";
const RUSTC: &str = "rustc version ";
/// More of the section is not looked at, in bytes: those of large programs have a few hundred.
const SIZE: usize = 64 << 10;
/// No file is compiled by more, and no version is longer.
const COUNT: usize = 16;
const LENGTH: usize = 64;

/// The versions of rustc, without the commit behind them.
pub(super) fn rustc(view: &View<'_>) -> Vec<String> {
    let section = view.section_named(SECTION).and_then(|it| view.section_content(it));
    let section = section.unwrap_or_default();
    let texts = section[..section.len().min(SIZE)].split(|it| *it == 0);
    let versions = texts.filter_map(|text| {
        let version = std::str::from_utf8(text).ok()?.strip_prefix(RUSTC)?;
        let version = version.split_whitespace().next()?;
        (version.len() <= LENGTH).then(|| version.to_owned())
    });
    let versions: BTreeSet<String> = versions.take(COUNT).collect();
    versions.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use goblin::elf::section_header::SHT_PROGBITS;

    use super::LENGTH;
    use crate::elf::ElfFacts;
    use crate::fixture::ElfFile;

    fn rustc(comment: &[u8]) -> Vec<String> {
        let file =
            ElfFile::of("linux/arm64").with_section(".comment", SHT_PROGBITS, comment.to_vec());
        ElfFacts::read(&file.bytes()).expect("a header").rustc
    }

    #[test]
    fn rustc_is_told_among_others() {
        let comment = b"GCC: (Debian 14.2.0) 14.2.0\0rustc version 1.85.0 (4d91de4e4 2025-02-17)\0\
                        rustc version 1.84.1\0rustc version 1.85.0\0Linker: LLD\0";
        assert_eq!(rustc(comment), ["1.84.1", "1.85.0"]);
    }

    #[test]
    fn nothing_of_it_need_be_true() {
        let long = ["rustc version ", &"1".repeat(LENGTH + 1)].concat();
        for comment in
            [&b""[..], b"\0\0", b"rustc version ", b"\xffrustc version 1\0", long.as_bytes()]
        {
            assert_eq!(rustc(comment), [""; 0], "{comment:?}");
        }
    }
}
