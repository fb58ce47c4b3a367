//! Which ELF files are meant to run on the platform at all.
//!
//! What is left out here is listed, with the reason, on the page of `ElfMachineMismatch`.

mod firmware;
mod toolchain;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::elf::{ElfFacts, Machine};
use crate::evidence::image::{ImagePath, Variant};
use crate::knowledge::names::{is_foreign, machines, names, names_of, package, stem};

/// The files of a variant, and which of them are meant to run.
pub(in crate::rules) struct Scope<'a> {
    pub(in crate::rules) variant: &'a Variant,
    /// Each folder's names are looked at once, however many files are in it.
    folders: RefCell<HashMap<ImagePath, Rc<Names>>>,
}

/// What a folder's names say of architectures.
#[derive(Default)]
struct Names {
    /// What remains of those that are the platform's own machine's.
    own: HashSet<Vec<String>>,
    /// By package: whether one is for another system, and the machines that they name.
    packages: HashMap<Vec<String>, (bool, HashSet<Machine>)>,
    /// By what remains: the names of versions of the platform's own machine.
    versions: HashMap<Vec<String>, HashSet<Vec<&'static str>>>,
}

impl Names {
    fn new<'n>(all: impl Iterator<Item = &'n str>, own: Machine) -> Self {
        let mut found = Self::default();
        for name in all {
            let (is_foreign, machines) = (is_foreign(name), machines(name));
            if machines.contains(&own) {
                found.own.insert(stem(name));
                found.versions.entry(stem(name)).or_default().insert(names_of(name, own));
            }
            if is_foreign || !machines.is_empty() {
                let package = found.packages.entry(package(name)).or_default();
                package.0 |= is_foreign;
                package.1.extend(machines);
            }
        }
        found
    }

    /// Whether a package is there for another system, or another machine than this.
    fn has_other(&self, package: &[String], machine: Machine) -> bool {
        let found = self.packages.get(package);
        found
            .is_some_and(|(foreign, machines)| *foreign || machines.iter().any(|it| *it != machine))
    }
}

impl<'a> Scope<'a> {
    pub(in crate::rules) fn new(variant: &'a Variant) -> Self {
        Self { variant, folders: RefCell::default() }
    }

    fn own(&self) -> Machine {
        self.variant.platform.elf_target().machine
    }

    fn names_in(&self, folder: &ImagePath) -> Rc<Names> {
        if let Some(known) = self.folders.borrow().get(folder) {
            return Rc::clone(known);
        }
        let found = Rc::new(Names::new(self.variant.files.names(folder), self.own()));
        self.folders.borrow_mut().insert(folder.clone(), Rc::clone(&found));
        found
    }

    /// Why a file's machine says nothing about its platform; `None` where it does.
    pub(in crate::rules) fn exemption(
        &self,
        path: &ImagePath,
        facts: &ElfFacts,
    ) -> Option<Exemption> {
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
            // Kernels execute both, and compilers for both keep them apart.
            ["lib32", ..] | ["usr", "lib32", ..]
                if variant.platform.facts().executes_also(machine) =>
            {
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
        any_part(path, |name, folder| {
            names(name, machine)
                && !names(name, self.own())
                && self.names_in(folder).own.contains(&stem(name))
        })
    }

    /// Whether the file is one of a package's builds for many platforms, none of which is this one.
    /// Such packages work without, or have been compiled anew for this platform elsewhere.
    pub(in crate::rules) fn is_of_collection(&self, path: &ImagePath, machine: Machine) -> bool {
        any_part(path, |name, folder| {
            names(name, machine)
                && !names(name, self.own())
                && !toolchain::is_triplet(name)
                && self.names_in(folder).has_other(&package(name), machine)
        })
    }

    /// Whether whoever loads the file has chosen it: for Android, or among builds for several
    /// versions of ARM, `armv6` and `armv7`, which differ in what they need and agree in their
    /// machine.
    pub(in crate::rules) fn is_chosen(&self, path: &ImagePath) -> bool {
        let own = self.own();
        is_android(path)
            || own == Machine::ARM
                && any_part(path, |name, folder| {
                    let version = names_of(name, own);
                    let names = self.names_in(folder);
                    let versions = names.versions.get(&stem(name));
                    !version.is_empty()
                        && versions.is_some_and(|it| it.iter().any(|it| *it != version))
                })
    }
}

/// Whether it is so of any part of a path, given the folder that the part lies in.
fn any_part(path: &ImagePath, is_so: impl Fn(&str, &ImagePath) -> bool) -> bool {
    let mut folder = ImagePath::root();
    path.components().any(|name| {
        let found = is_so(name, &folder);
        folder = folder.join(name);
        found
    })
}

/// The kinds of files that no process of the platform loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Exemption {
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
pub(in crate::rules) fn is_test_data(path: &ImagePath) -> bool {
    path.components().any(|it| it == "testdata")
}

/// Debug information apart from its program: elfutils leaves it the program's own segments, whose
/// bytes it does not have.
pub(in crate::rules) fn is_debug_information(path: &ImagePath) -> bool {
    path.as_str().starts_with("/usr/lib/debug/")
        || path.file_name().rsplit_once('.').is_some_and(|(_, suffix)| suffix == "debug")
}

/// `qemu-aarch64-static` in an arm64 image, and not for arm64: put there so that another machine can
/// build on the image. On the image's own machine there is nothing for it to do.
fn is_emulator_for_builders(variant: &Variant, name: &str, machine: Machine) -> bool {
    let own = variant.platform.elf_target().machine;
    machine != own && name.strip_prefix("qemu-").is_some_and(|emulated| names(emulated, own))
}

/// Whether the path says that the file is for Android, whose C library and loader are others.
pub(in crate::rules) fn is_android(path: &ImagePath) -> bool {
    path.components().any(|it| it.contains("android"))
}
