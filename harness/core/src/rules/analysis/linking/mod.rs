//! Programs and libraries, against the loaders and libraries that the image has for them.
//!
//! Who loads a shared object that no program needs is not known: it is only looked for whether the
//! image has at all what it needs.

mod glibc;
mod interpreter;
mod plugins;
mod subjects;
mod versions;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::scope::Scope;
use crate::evidence::image::{ImagePath, Variant};
use crate::launch::Launches;
use crate::loader::{Catalogue, Cause, Family, Loader, Object, Process};

pub(in crate::rules) use glibc::is_part_of_glibc;
pub(in crate::rules) use interpreter::{InterpreterFault, NEW_WORLD, OLD_WORLD};
pub(in crate::rules) use plugins::is_beside;
pub(in crate::rules) use subjects::{Program, Role};
pub(in crate::rules) use versions::Lack;

use subjects::Subjects;

/// What the loaders of a variant cannot do.
pub(in crate::rules) struct Linking<'a> {
    pub(in crate::rules) catalogue: Catalogue<'a>,
    /// Programs whose loader does not begin its work.
    pub(in crate::rules) interpreters: Vec<(Program<'a>, InterpreterFault<'a>)>,
    /// What the loaders of programs do not find.
    pub(in crate::rules) unresolved: Vec<Unresolved<'a>>,
    /// What shared objects need that the image does not have at all.
    pub(in crate::rules) unmet: Vec<Unmet<'a>>,
    /// Libraries that are older than what files need of them.
    pub(in crate::rules) lacks: Vec<VersionLack<'a>>,
    /// Parts of glibc in processes that have another glibc's.
    pub(in crate::rules) strangers: Vec<Stranger<'a>>,
    /// Processes that have two C libraries.
    pub(in crate::rules) mixtures: Vec<Mixture<'a>>,
}

/// A library that a program's loader does not find.
pub(in crate::rules) struct Unresolved<'a> {
    pub(in crate::rules) program: Program<'a>,
    pub(in crate::rules) family: Family,
    /// The file that needs it.
    pub(in crate::rules) by: Object<'a>,
    pub(in crate::rules) name: String,
    pub(in crate::rules) cause: Cause,
}

/// A library that a shared object needs, and that is nowhere in the image.
pub(in crate::rules) struct Unmet<'a> {
    /// Whose loader most of the image's programs have.
    pub(in crate::rules) family: Family,
    pub(in crate::rules) by: Object<'a>,
    pub(in crate::rules) name: &'a str,
}

/// A library without a version of symbols that a file needs.
pub(in crate::rules) struct VersionLack<'a> {
    pub(in crate::rules) role: Role,
    pub(in crate::rules) by: Object<'a>,
    /// The library's name, as needed.
    pub(in crate::rules) name: &'a str,
    pub(in crate::rules) library: Object<'a>,
    pub(in crate::rules) lack: Lack,
}

/// A part of glibc that needs what no other part of the process defines.
pub(in crate::rules) struct Stranger<'a> {
    pub(in crate::rules) role: Role,
    pub(in crate::rules) object: Object<'a>,
    pub(in crate::rules) loader: Option<&'a ImagePath>,
    /// The symbols of the version `GLIBC_PRIVATE`.
    pub(in crate::rules) lacks: Vec<&'a str>,
}

/// A process that loads glibc and musl.
pub(in crate::rules) struct Mixture<'a> {
    pub(in crate::rules) program: Program<'a>,
    pub(in crate::rules) loader: Option<&'a ImagePath>,
    pub(in crate::rules) glibc: &'a ImagePath,
    pub(in crate::rules) musl: &'a ImagePath,
}

impl<'a> Linking<'a> {
    pub(in crate::rules) fn new(
        variant: &'a Variant,
        scope: &Scope<'_>,
        launches: &Launches<'a>,
    ) -> Self {
        let catalogue = Catalogue::new(variant, |it| subjects::is_meant_to_run(scope, it));
        let subjects = Subjects::new(&catalogue, scope, launches);
        let linking = Self {
            catalogue,
            interpreters: Vec::new(),
            unresolved: Vec::new(),
            unmet: Vec::new(),
            lacks: Vec::new(),
            strangers: Vec::new(),
            mixtures: Vec::new(),
        };
        let mut walk = Walk {
            linking,
            loaders: BTreeMap::new(),
            known: BTreeSet::new(),
            versions: HashSet::new(),
            families: BTreeMap::new(),
        };
        for program in &subjects.programs {
            walk.program(*program);
        }
        if let Some(family) = walk.usual_family() {
            let is_unknown = |it: &&Object<'a>| !walk.known.contains(it.path);
            for object in subjects.objects.iter().filter(is_unknown) {
                plugins::add(&mut walk.linking, family, *object);
            }
        }
        walk.linking
    }

    /// Whether what the image's command starts cannot be loaded.
    pub(in crate::rules) fn keeps_entrypoint_from_loading(&self) -> bool {
        let is_entrypoint = |it: Role| it == Role::Entrypoint;
        self.interpreters.iter().any(|it| is_entrypoint(it.0.role))
            || self.unresolved.iter().any(|it| is_entrypoint(it.program.role))
            || self.lacks.iter().any(|it| is_entrypoint(it.role))
            || self.strangers.iter().any(|it| is_entrypoint(it.role))
            || self.mixtures.iter().any(|it| is_entrypoint(it.program.role))
    }
}

/// What was found out so far about one variant.
struct Walk<'a> {
    linking: Linking<'a>,
    /// The loaders, by the path that programs name them by; `None` for those not understood.
    loaders: BTreeMap<&'a str, Option<Loader<'a>>>,
    /// The files that some program loads.
    known: BTreeSet<&'a ImagePath>,
    /// The pairs of file and library whose versions were compared.
    versions: HashSet<(&'a ImagePath, &'a ImagePath)>,
    /// How many programs each family's loaders load.
    families: BTreeMap<Family, usize>,
}

impl<'a> Walk<'a> {
    fn program(&mut self, program: Program<'a>) {
        let catalogue = &self.linking.catalogue;
        if let Some(fault) = interpreter::fault(catalogue, &program) {
            self.linking.interpreters.push((program, fault));
            return;
        }
        let named = program.interpreter;
        let loader = self.loaders.entry(named).or_insert_with(|| Loader::new(catalogue, named));
        let Some(loader) = loader else { return };
        let family = loader.family();
        let process = Process::start(catalogue, loader, program.object);
        *self.families.entry(family).or_default() += 1;
        self.known.extend(process.loaded.iter().map(|it| it.object.path));
        if family == Family::Glibc {
            self.versions(program.role, &process);
            glibc::add(&mut self.linking, program, &process);
        }
        let Process { loaded, unresolved, .. } = process;
        let of_program = unresolved.into_iter().filter_map(|it| {
            let by = loaded.get(it.by)?.object;
            Some(Unresolved { program, family, by, name: it.name, cause: it.cause })
        });
        self.linking.unresolved.extend(of_program);
    }

    fn versions(&mut self, role: Role, process: &Process<'a>) {
        for file in &process.loaded {
            let by = file.object;
            for need in &by.facts.version_needs {
                let Some(library) = process.get(&need.library) else { continue };
                let (name, library) = (need.library.as_str(), library.object);
                if !self.versions.insert((by.path, library.path)) {
                    continue;
                }
                if let Some(lack) = versions::lack(need, library) {
                    self.linking.lacks.push(VersionLack { role, by, name, library, lack });
                }
            }
        }
    }

    /// Whose loader loads most programs; `None` where no program has one.
    fn usual_family(&self) -> Option<Family> {
        self.families.iter().max_by_key(|it| it.1).map(|it| *it.0)
    }
}
