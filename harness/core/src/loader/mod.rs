//! How the loader that a program names would load it: which files it would open, and which it would
//! not find. Nothing is read here but the facts of a variant.
//!
//! glibc's loader and musl's search differently; each has its module. Where other loaders search is
//! not known, and nothing is said of what they load.
//!
//! Source: gABI, chapter 5, "Shared Object Dependencies"; `ld.so(8)`; glibc, `elf/dl-load.c`; musl,
//! `ldso/dynlink.c`.

mod abi;
mod catalogue;
mod glibc;
mod musl;
mod paths;
mod process;

pub use catalogue::{Catalogue, Found, Object};
pub use process::{Cause, Loaded, Process, Unresolved};

pub use musl::is_part_of_musl;

use glibc::Glibc;
use musl::Musl;
use process::Opened;

/// Whose loader it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// The GNU C library's.
    Glibc,
    /// musl's, which is its C library at the same time.
    Musl,
}

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

impl Family {
    /// The family that a file name belongs to, of a loader or of the library that is one.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        const MUSL: [&str; 3] = ["ld-musl-", "libc.musl-", "libgcompat.so"];
        const GLIBC: [&str; 5] = ["ld-linux", "ld.so", "ld64.so.", "ld-2.", "ld-lsb"];
        if MUSL.iter().any(|it| name.starts_with(it)) || name == "libc.so" {
            Some(Self::Musl)
        } else if GLIBC.iter().any(|it| name.starts_with(it)) {
            Some(Self::Glibc)
        } else {
            None
        }
    }

    /// The family of the file behind a `PT_INTERP`. Alpine has musl's loader, or a program that
    /// starts it, under the name of glibc's (`gcompat`): so what the file is counts before its name.
    #[must_use]
    pub fn of(object: Object<'_>, named: &str) -> Option<Self> {
        let needed = object.facts.needed.iter().map(String::as_str);
        let own = [object.path.file_name()].into_iter().chain(object.facts.soname.as_deref());
        let families: Vec<Self> = needed.chain(own).filter_map(Self::of_name).collect();
        let named = || Self::of_name(named.rsplit('/').next().unwrap_or(named));
        if families.contains(&Self::Musl) {
            return Some(Self::Musl);
        }
        families.first().copied().or_else(named)
    }
}

impl<'a> Loader<'a> {
    /// The loader that a program names; `None` where none is there, or none whose ways are known.
    #[must_use]
    pub fn of(catalogue: &Catalogue<'a>, named: &str) -> Option<Self> {
        let Found::Elf(object) = catalogue.at(named)? else { return None };
        let search = match Family::of(object, named)? {
            Family::Glibc => Search::Glibc(Glibc::of(catalogue, object)),
            Family::Musl => Search::Musl(Musl::of(catalogue, object, named)),
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
    fn open(
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
