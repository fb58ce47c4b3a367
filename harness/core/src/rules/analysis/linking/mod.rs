//! Programs and libraries, against the loaders and libraries that the image has for them.
//!
//! Who loads a shared object that no program needs is not known: it is only looked for whether the
//! image has at all what it needs.

mod found;
mod glibc;
mod interpreter;
mod plugins;
mod subjects;
mod versions;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::scope::Scope;
use crate::evidence::image::{ImagePath, Variant};
use crate::launch::Launches;
use crate::loader::{Catalogue, Family, Loader, Object, Process};

pub(in crate::rules) use found::{Linking, Mixture, Stranger, Unmet, Unresolved, VersionLack};
pub(in crate::rules) use glibc::is_part_of_glibc;
pub(in crate::rules) use interpreter::{InterpreterFault, NEW_WORLD, OLD_WORLD};
pub(in crate::rules) use plugins::is_beside;
pub(in crate::rules) use subjects::{Program, Role};

use subjects::Subjects;

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
