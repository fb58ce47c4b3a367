//! A loader of an image, and where it searches.

use super::catalogue::{Catalogue, Found, Object};
use super::cause::Cause;
use super::family::Family;
use super::glibc::Glibc;
use super::loaded::{Loaded, Opened};
use super::musl::Musl;

/// A loader in an image.
pub struct Loader<'a> {
    /// The file.
    pub object: Object<'a>,
    /// The path that programs name it by.
    pub named: String,
    search: Search<'a>,
}

enum Search<'a> {
    Glibc(Glibc<'a>),
    Musl(Musl),
}

impl<'a> Loader<'a> {
    /// The loader that a program names; `None` where none is there, or none whose ways are known.
    #[must_use]
    pub fn new(catalogue: &Catalogue<'a>, named: &str) -> Option<Self> {
        let Found::Elf(object) = catalogue.at(named)? else { return None };
        let search = match family_of(object, named)? {
            Family::Glibc => Search::Glibc(Glibc::new(catalogue, object)),
            Family::Musl => Search::Musl(Musl::new(catalogue, object, named)),
        };
        Some(Self { object, named: named.to_owned(), search })
    }

    /// Whose it is.
    #[must_use]
    pub fn family(&self) -> Family {
        match self.search {
            Search::Glibc(_) => Family::Glibc,
            Search::Musl(_) => Family::Musl,
        }
    }

    /// Opens what a loaded file needs, by its place among them.
    pub(super) fn open(
        &self,
        catalogue: &Catalogue<'a>,
        loaded: &[Loaded<'a>],
        by: usize,
        name: &str,
    ) -> Result<Opened<'a>, Cause> {
        match &self.search {
            Search::Glibc(glibc) => glibc.open(catalogue, loaded, by, name),
            Search::Musl(musl) => musl.open(catalogue, loaded, by, name),
        }
    }
}

/// The family of the file behind a `PT_INTERP`. Alpine has musl's loader, or a program that
/// starts it, under the name of glibc's (`gcompat`): so what the file is counts before its name.
fn family_of(object: Object<'_>, named: &str) -> Option<Family> {
    let needed = object.facts.needed.iter().map(String::as_str);
    let own = [object.path.file_name()].into_iter().chain(object.facts.soname.as_deref());
    let families: Vec<Family> = needed.chain(own).filter_map(Family::of_name).collect();
    let named = || Family::of_name(named.rsplit('/').next().unwrap_or(named));
    if families.contains(&Family::Musl) {
        return Some(Family::Musl);
    }
    families.first().copied().or_else(named)
}
