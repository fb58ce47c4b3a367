//! What ELF files declare about processor, calling convention and pages.

use crate::elf::ElfFacts;
use crate::fixture::{ElfFile, Layer, Variant};

/// A healthy image with a file besides.
pub(in crate::rules) fn with(platform: &str, path: &str, file: &ElfFile) -> Variant {
    Variant::healthy(platform).layer(Layer::new().executable(path, file.bytes()))
}

/// An image of one static program.
pub(in crate::rules) fn alone(platform: &str, file: &ElfFile) -> Variant {
    Variant::new(platform).layer(Layer::new().executable("app", file.bytes())).entrypoint(&["/app"])
}

pub(in crate::rules) fn library(platform: &str) -> ElfFile {
    ElfFile::of(platform).shared().with_soname("libx.so.1")
}

/// The fixture is what its name says: else the case above proves nothing.
#[test]
fn fixtures_say_what_they_are_to_say() {
    let facts = ElfFacts::read(&ElfFile::of("linux/arm64").packed_by_upx().bytes());
    assert!(facts.expect("a header").packer.is_some());
}
