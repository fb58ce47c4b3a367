//! Which ELF files are meant to run on the platform at all.
//!
//! What is left out here is listed, with the reason, on the page of `ElfMachineMismatch`.

use super::names::{names, stem};
use crate::elf::{ElfFacts, Machine};
use crate::inspect::{ImagePath, Variant};
use crate::platform::Architecture;

/// Why a file's machine says nothing about its platform; `None` where it does.
pub(super) fn exemption(
    variant: &Variant,
    path: &ImagePath,
    facts: &ElfFacts,
) -> Option<Exemption> {
    if matches!(facts.machine, Machine::BPF | Machine::CUDA | Machine::AMDGPU) {
        return Some(Exemption::OtherProcessor);
    }
    if !facts.elf_type.is_loadable() {
        return Some(Exemption::NotLoadable);
    }
    if is_test_data(path) {
        return Some(Exemption::TestData);
    }
    let components: Vec<&str> = path.components().collect();
    match components.as_slice() {
        ["lib", "firmware", ..]
        | ["usr", "lib", "firmware", ..]
        | ["usr", "share", "qemu" | "openbios", ..] => Some(Exemption::Firmware),
        ["usr", "lib", "gcc-cross", ..] => Some(Exemption::CrossToolchain),
        ["usr", directory, ..] | ["usr", "local", directory, ..] if is_triplet(directory) => {
            Some(Exemption::CrossToolchain)
        }
        [.., "rustlib", target, "lib", _] if is_triplet(target) => Some(Exemption::CrossToolchain),
        ["libx32", ..] | ["usr", "libx32", ..] => Some(Exemption::OtherAbi),
        ["lib32", ..] | ["usr", "lib32", ..] if is_i386_of_amd64(variant, facts.machine) => {
            Some(Exemption::OtherAbi)
        }
        _ if is_one_of_many(variant, path, facts.machine) => Some(Exemption::OneOfMany),
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
    /// Code that is loaded into a device or an emulated machine.
    Firmware,
    /// The target's libraries of a cross compiler.
    CrossToolchain,
    /// Libraries of x32 or i386, in the folder of an amd64 image that is for them alone.
    OtherAbi,
    /// One of the builds for many platforms that a package holds side by side.
    OneOfMany,
}

/// Input of a test suite, broken and foreign files included.
pub(super) fn is_test_data(path: &ImagePath) -> bool {
    path.components().any(|it| it == "testdata")
}

/// Debug information apart from its program: elfutils leaves it the program's own segments, whose
/// bytes it does not have.
pub(super) fn is_debug_information(path: &ImagePath) -> bool {
    path.as_str().starts_with("/usr/lib/debug/")
        || path.file_name().rsplit_once('.').is_some_and(|(_, suffix)| suffix == "debug")
}

/// amd64 kernels execute both, and compilers for both keep them apart.
fn is_i386_of_amd64(variant: &Variant, machine: Machine) -> bool {
    matches!(variant.platform.architecture(), Architecture::Amd64(_)) && machine == Machine::I386
}

/// `aarch64-linux-gnu`, `x86_64-linux-musl`, `x86_64-w64-mingw32`.
fn is_triplet(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    matches!(parts.as_slice(), [_, "linux", _] | [_, _, "linux", _] | [_, "w64", "mingw32"])
}

/// Whether a part of the path is named for the file's machine, and beside it there is the same for
/// the platform's own: `prebuilds/linux-x64` and `prebuilds/linux-arm64`. Whoever loads such files
/// chooses among them; without one for the platform there would be nothing to choose.
fn is_one_of_many(variant: &Variant, path: &ImagePath, machine: Machine) -> bool {
    let own = variant.platform.elf_target().machine;
    let mut folder = ImagePath::root();
    path.components().any(|name| {
        let is_for_own = |other: &str| names(other, own) && stem(other) == stem(name);
        let is_one = names(name, machine)
            && !names(name, own)
            && variant.files.names(&folder).any(is_for_own);
        folder = folder.join(name);
        is_one
    })
}
