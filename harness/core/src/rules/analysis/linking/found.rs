//! What is wrong with the programs and libraries of a variant, as their loaders see it.

use super::interpreter::InterpreterFault;
use super::subjects::{Program, Role};
use super::versions::Lack;
use crate::evidence::image::ImagePath;
use crate::loader::{Catalogue, Cause, Family, Object};

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

impl Linking<'_> {
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
