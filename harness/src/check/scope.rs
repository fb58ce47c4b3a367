//! Which ELF files are meant to run on the platform at all.
//!
//! What is left out here is listed, with the reason, on the page of `ElfMachineMismatch`.

mod firmware;
mod toolchain;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::names::{is_foreign, names, names_of, names_other, same_package, stem};
use crate::elf::{ElfFacts, Machine};
use crate::inspect::{ImagePath, Variant};
use crate::platform::Architecture;

/// The files of a variant, and which of them are meant to run.
pub(super) struct Scope<'a> {
    pub(super) variant: &'a Variant,
    /// What remains of the names in a folder that are those of the platform's own machine.
    own: RefCell<HashMap<ImagePath, HashSet<Vec<String>>>>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(variant: &'a Variant) -> Self {
        Self { variant, own: RefCell::default() }
    }

    /// Why a file's machine says nothing about its platform; `None` where it does.
    pub(super) fn exemption(&self, path: &ImagePath, facts: &ElfFacts) -> Option<Exemption> {
        let (variant, machine) = (self.variant, facts.machine);
        if matches!(machine, Machine::BPF | Machine::CUDA | Machine::AMDGPU) {
            return Some(Exemption::OtherProcessor);
        }
        if !facts.elf_type.is_loadable() {
            return Some(Exemption::NotLoadable);
        }
        if is_test_data(path) {
            return Some(Exemption::TestData);
        }
        let components: Vec<&str> = path.components().collect();
        if firmware::is_firmware(&components) {
            return Some(Exemption::Firmware);
        }
        if toolchain::is_cross_toolchain(variant, &components, machine) {
            return Some(Exemption::CrossToolchain);
        }
        if is_emulator_for_builders(variant, path.file_name(), machine) {
            return Some(Exemption::Emulator);
        }
        match components.as_slice() {
            ["libx32", ..]
            | ["usr", "libx32", ..]
            // perf asks each convention's vDSO of the kernel, and does without where it cannot.
            | [.., "perf-read-vdso32" | "perf-read-vdsox32"] => Some(Exemption::OtherAbi),
            ["lib32", ..] | ["usr", "lib32", ..] if is_i386_of_amd64(variant, machine) => {
                Some(Exemption::OtherAbi)
            }
            _ if self.is_one_of_many(path, machine) => Some(Exemption::OneOfMany),
            _ => None,
        }
    }

    /// Whether a part of the path is named for the file's machine, and beside it there is the same
    /// for the platform's own: `prebuilds/linux-x64` and `prebuilds/linux-arm64`. Whoever loads such
    /// files chooses among them; without one for the platform there would be nothing to choose.
    fn is_one_of_many(&self, path: &ImagePath, machine: Machine) -> bool {
        let own = self.variant.platform.elf_target().machine;
        let mut folder = ImagePath::root();
        path.components().any(|name| {
            let is_one =
                names(name, machine) && !names(name, own) && self.has_own(&folder, &stem(name));
            folder = folder.join(name);
            is_one
        })
    }

    /// Whether a folder has something of that stem for the platform's own machine. Its names are
    /// looked at once.
    fn has_own(&self, folder: &ImagePath, wanted: &[String]) -> bool {
        if let Some(known) = self.own.borrow().get(folder) {
            return known.contains(wanted);
        }
        let own = self.variant.platform.elf_target().machine;
        let of_own = self.variant.files.names(folder).filter(|it| names(it, own));
        let stems: HashSet<Vec<String>> = of_own.map(stem).collect();
        let found = stems.contains(wanted);
        self.own.borrow_mut().insert(folder.clone(), stems);
        found
    }

    /// Whether the file is one of a package's builds for many platforms, none of which is this one.
    /// Such packages work without, or have been compiled anew for this platform elsewhere.
    pub(super) fn is_of_collection(&self, path: &ImagePath, machine: Machine) -> bool {
        let own = self.variant.platform.elf_target().machine;
        let mut folder = ImagePath::root();
        path.components().any(|name| {
            let is_another = |other: &str| {
                (is_foreign(other) || names_other(other, machine)) && same_package(other, name)
            };
            let is_one = names(name, machine)
                && !names(name, own)
                && !toolchain::is_triplet(name)
                && self.variant.files.names(&folder).any(is_another);
            folder = folder.join(name);
            is_one
        })
    }

    /// Whether whoever loads the file has chosen it: for Android, or among builds for several
    /// versions of ARM, `armv6` and `armv7`, which differ in what they need and agree in their
    /// machine.
    pub(super) fn is_chosen(&self, path: &ImagePath) -> bool {
        if is_android(path) {
            return true;
        }
        let own = self.variant.platform.elf_target().machine;
        if own != Machine::ARM {
            return false;
        }
        let mut folder = ImagePath::root();
        path.components().any(|name| {
            let version = names_of(name, own);
            let is_another = |other: &str| {
                let its = names_of(other, own);
                !its.is_empty() && its != version && stem(other) == stem(name)
            };
            let is_one = !version.is_empty() && self.variant.files.names(&folder).any(is_another);
            folder = folder.join(name);
            is_one
        })
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
    /// Code that is loaded into a device, an emulated machine, or before there is a kernel.
    Firmware,
    /// The target's libraries of a cross compiler, or a debugger's programs for it.
    CrossToolchain,
    /// Files of x32 or i386 in an amd64 image, in places that are for them alone.
    OtherAbi,
    /// An emulator of the platform's machine, for those who build the image on another.
    Emulator,
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

/// `qemu-aarch64-static` in an arm64 image, and not for arm64: put there so that another machine can
/// build on the image. On the image's own machine there is nothing for it to do.
fn is_emulator_for_builders(variant: &Variant, name: &str, machine: Machine) -> bool {
    let own = variant.platform.elf_target().machine;
    machine != own && name.strip_prefix("qemu-").is_some_and(|emulated| names(emulated, own))
}

/// Whether the path says that the file is for Android, whose C library and loader are others.
pub(super) fn is_android(path: &ImagePath) -> bool {
    path.components().any(|it| it.contains("android"))
}
