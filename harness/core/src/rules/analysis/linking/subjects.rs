//! Which files are looked at, and as what.

use std::collections::{HashMap, HashSet};

use crate::elf::{DynamicFlags1, ElfFacts, ElfType};
use crate::evidence::image::{Content, ImagePath, NodeKind, Variant};
use crate::knowledge::names::{names, names_libc, stem};
use crate::launch::Launches;
use crate::loader::{Catalogue, Object};
use crate::rules::analysis::scope::{Scope, is_android, is_debug_information};
use crate::rules::severity::Severity;

/// An executable that is started through a loader.
#[derive(Clone, Copy)]
pub(in crate::rules) struct Program<'a> {
    pub(in crate::rules) object: Object<'a>,
    /// `PT_INTERP`.
    pub(in crate::rules) interpreter: &'a str,
    pub(in crate::rules) role: Role,
}

/// How much depends on a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) enum Role {
    /// The image's command leads to it.
    Entrypoint,
    /// It is there.
    Other,
}

impl Role {
    /// How bad it is when its loader does not load it.
    pub(in crate::rules) fn severity(self) -> Severity {
        match self {
            Self::Entrypoint => Severity::Error,
            Self::Other => Severity::Warning,
        }
    }
}

/// The files that loaders of the platform may load.
pub(super) struct Subjects<'a> {
    /// The entrypoint first.
    pub(super) programs: Vec<Program<'a>>,
    /// Shared objects.
    pub(super) objects: Vec<Object<'a>>,
}

impl<'a> Subjects<'a> {
    pub(super) fn new(
        catalogue: &Catalogue<'a>,
        scope: &Scope<'_>,
        launches: &Launches<'a>,
    ) -> Self {
        let variant = catalogue.variant;
        let launches = launches.iter().flatten();
        // Under their first names.
        let entrypoints: Vec<ImagePath> = launches.map(|it| it.file(&variant.files)).collect();
        let mut pairs = Pairs::new(variant);
        let mut subjects = Self { programs: Vec::new(), objects: Vec::new() };
        for (path, node) in variant.files.iter() {
            let NodeKind::File { content: Content::Elf(facts), .. } = &node.kind else {
                continue;
            };
            let object = Object { path, node, facts };
            if facts.target() != catalogue.target() || !is_meant_to_run(scope, object) {
                continue;
            }
            let is_entrypoint = entrypoints.contains(path);
            let interpreter = facts.interpreter.as_deref();
            match interpreter.filter(|_| is_entrypoint || !is_library(facts)) {
                Some(interpreter) if is_entrypoint => {
                    let role = Role::Entrypoint;
                    subjects.programs.insert(0, Program { object, interpreter, role });
                }
                Some(interpreter)
                    if !pairs.have(path) && !is_foreign(variant, path, interpreter) =>
                {
                    subjects.programs.push(Program { object, interpreter, role: Role::Other });
                }
                Some(_) => {}
                None if is_android(path) || pairs.have(path) => {}
                None => subjects.objects.push(object),
            }
        }
        subjects
    }
}

/// Whether a process of the platform may map the file.
pub(super) fn is_meant_to_run(scope: &Scope<'_>, object: Object<'_>) -> bool {
    let Object { path, facts, .. } = object;
    facts.elf_type.is_loadable()
        && facts.malformation.is_none()
        && !is_debug_information(path)
        && scope.exemption(path, facts).is_none()
}

/// Some libraries name a loader to print their version when they are started: `libc.so.6` does.
fn is_library(facts: &ElfFacts) -> bool {
    facts.elf_type == ElfType::DYN
        && facts.soname.is_some()
        && !facts.flags_1.has(DynamicFlags1::PIE)
}

/// Programs that this system is not to start.
fn is_foreign(variant: &Variant, path: &ImagePath, interpreter: &str) -> bool {
    interpreter.starts_with("/system/bin/linker") || has_own_root(variant, path, interpreter)
}

/// Whether the file lies in a root filesystem of its own, the loader inside: for a container, a
/// virtual machine, or a change of root. `/usr`, whose `lib64` the root's may be a link to, is none.
fn has_own_root(variant: &Variant, path: &ImagePath, interpreter: &str) -> bool {
    let real = |path: &str| variant.files.resolve(&ImagePath::root(), path).ok().map(|it| it.0);
    let outside = real(interpreter);
    let parents = std::iter::successors(path.parent(), ImagePath::parent);
    parents.filter(|it| !it.is_root()).any(|root| {
        let inside = root.as_str().to_owned() + interpreter;
        let is_there = variant.files.get(&ImagePath::clean(&inside)).is_some();
        let inside = real(&inside);
        (is_there || inside.is_some()) && inside != outside
    })
}

/// Packages that hold a build for either C library.
struct Pairs<'a> {
    variant: &'a Variant,
    /// Of each folder what remains of the names for the platform's machine or a C library, with the
    /// libraries that there are of it.
    known: HashMap<ImagePath, HashMap<Vec<String>, HashSet<Option<&'static str>>>>,
}

impl<'a> Pairs<'a> {
    fn new(variant: &'a Variant) -> Self {
        Self { variant, known: HashMap::new() }
    }

    /// Whether a part of the path is named for glibc or musl, or for the machine alone, and beside
    /// it there is the same for the other: `linux-x64-musl` and `linux-x64-gnu`, `linux-x64` and
    /// `linux-musl-x64`. Whoever loads such files chooses among them.
    fn have(&mut self, path: &ImagePath) -> bool {
        let mut folder = ImagePath::root();
        path.components().any(|name| {
            let path = folder.join(name);
            let is_one_of_two = self.has_other(&folder, name);
            folder = path;
            is_one_of_two
        })
    }

    fn has_other(&mut self, folder: &ImagePath, name: &str) -> bool {
        let own = self.variant.platform.elf_target().machine;
        let libc = names_libc(name);
        if libc.is_none() && !names(name, own) {
            return false;
        }
        if !self.known.contains_key(folder) {
            let mut known = HashMap::<_, HashSet<_>>::new();
            for name in self.variant.files.names(folder) {
                let libc = names_libc(name);
                if libc.is_some() || names(name, own) {
                    known.entry(stem(name)).or_default().insert(libc);
                }
            }
            self.known.insert(folder.clone(), known);
        }
        let same = self.known.get(folder).and_then(|it| it.get(&stem(name)));
        same.is_some_and(|it| it.iter().any(|other| *other != libc))
    }
}
