//! Programs and libraries, against the loaders and libraries that the image has for them.
//!
//! What the loader decides for the entrypoint is an error, for other programs a warning: they may
//! be there for nobody, or be started with other variables. Who loads a shared object that no
//! program needs is not known: it is only looked for whether the image has at all what it needs.

mod interpreter;
mod libraries;
mod plugins;
mod private;
mod report;
mod subjects;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::scope::Scope;
use crate::evidence::image::{ImagePath, Variant};
use crate::launch::Arguments;
use crate::loader::{Catalogue, Family, Loader, Process};
use report::Report;
use subjects::{Program, Subjects};

pub(super) fn check(variant: &Variant, arguments: &Arguments) -> Vec<Finding> {
    let scope = Scope::of(variant);
    let catalogue = Catalogue::of(variant, |it| subjects::is_meant_to_run(&scope, it));
    let subjects = Subjects::of(&catalogue, &scope, arguments);
    let mut linking = Linking {
        catalogue: &catalogue,
        report: Report::default(),
        loaders: BTreeMap::new(),
        known: BTreeSet::new(),
        versions: BTreeSet::new(),
        families: BTreeMap::new(),
    };
    for program in &subjects.programs {
        linking.program(program);
    }
    if let Some(family) = linking.usual_family() {
        for object in &subjects.objects {
            if !linking.known.contains(object.path) {
                plugins::check(&mut linking, family, *object);
            }
        }
    }
    linking.report.into_findings(variant)
}

/// What was found out so far about one variant.
struct Linking<'a, 'c> {
    catalogue: &'c Catalogue<'a>,
    report: Report<'a>,
    /// The loaders, by the path that programs name them by; `None` for those not understood.
    loaders: BTreeMap<&'a str, Option<Loader<'a>>>,
    /// The files that some program loads.
    known: BTreeSet<&'a ImagePath>,
    /// The pairs of file and library whose versions were compared.
    versions: BTreeSet<(&'a ImagePath, &'a ImagePath)>,
    /// How many programs each family's loaders load.
    families: BTreeMap<Family, usize>,
}

impl<'a> Linking<'a, '_> {
    fn program(&mut self, program: &Program<'a>) {
        if !interpreter::check(self, program) {
            return;
        }
        let named = program.interpreter;
        let catalogue = self.catalogue;
        self.loaders.entry(named).or_insert_with(|| Loader::of(catalogue, named));
        let Some(Some(loader)) = self.loaders.get(named) else { return };
        let family = loader.family();
        let process = Process::start(catalogue, loader, program.object);
        *self.families.entry(family).or_default() += 1;
        self.known.extend(process.loaded.iter().map(|it| it.object.path));
        libraries::check(self, program, family, &process);
        if family == Family::Glibc {
            versions::check(self, program, &process);
            private::check(self, program, &process);
        }
    }

    /// Whose loader loads most programs; `None` where no program has one.
    fn usual_family(&self) -> Option<Family> {
        self.families.iter().max_by_key(|it| it.1).map(|it| *it.0)
    }
}
