//! Which ELF files are meant to run on the platform at all.
//!
//! What is left out here is listed, with the reason, on the page of `ElfMachineMismatch`.

use crate::elf::{ElfFacts, Machine};
use crate::inspect::ImagePath;

/// Why a file's machine says nothing about its platform; `None` where it does.
pub(super) fn exemption(path: &ImagePath, facts: &ElfFacts) -> Option<Exemption> {
    if matches!(facts.machine, Machine::BPF | Machine::CUDA | Machine::AMDGPU) {
        return Some(Exemption::OtherProcessor);
    }
    if !facts.elf_type.is_loadable() {
        return Some(Exemption::NotLoadable);
    }
    if path.components().any(|it| it == "testdata") {
        return Some(Exemption::TestData);
    }
    let components: Vec<&str> = path.components().collect();
    match components.as_slice() {
        ["lib", "firmware", ..] | ["usr", "lib", "firmware", ..] => Some(Exemption::Firmware),
        ["usr", "lib", "gcc-cross", ..] => Some(Exemption::CrossToolchain),
        ["usr", directory, ..] if is_triplet(directory) => Some(Exemption::CrossToolchain),
        _ => None,
    }
}

/// The kinds of files that no process of the platform loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exemption {
    /// Code for the kernel's virtual machine or a GPU.
    OtherProcessor,
    /// Object files and core dumps.
    NotLoadable,
    /// Input of a test suite.
    TestData,
    /// Code that is loaded into a device.
    Firmware,
    /// The target's libraries of a cross compiler.
    CrossToolchain,
}

/// `aarch64-linux-gnu`, `x86_64-linux-musl`, `x86_64-w64-mingw32`.
fn is_triplet(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    matches!(parts.as_slice(), [_, "linux", _] | [_, _, "linux", _] | [_, "w64", "mingw32"])
}
