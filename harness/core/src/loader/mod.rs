//! How the loader that a program names would load it: which files it would open, and which it would
//! not find. Nothing is read here but the facts of a variant.
//!
//! glibc's loader and musl's search differently; each has its module. Where other loaders search is
//! not known, and nothing is said of what they load.
//!
//! Source: gABI, chapter 5, "Shared Object Dependencies"; `ld.so(8)`; glibc, `elf/dl-load.c`; musl,
//! `ldso/dynlink.c`.

mod catalogue;
mod cause;
mod family;
mod glibc;
mod loaded;
mod musl;
mod paths;
mod process;
mod search;

pub use catalogue::{Catalogue, Found, Object};
pub use cause::{Cause, Unresolved};
pub use family::Family;
pub use loaded::Loaded;
pub use musl::is_part_of_musl;
pub use process::Process;
pub use search::Loader;
