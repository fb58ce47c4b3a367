//! The files that a loader has loaded.

use super::catalogue::{Found, Object};
/// A loaded file.
pub struct Loaded<'a> {
    /// The file.
    pub object: Object<'a>,
    /// The path that it was opened by, links not followed: what `$ORIGIN` is taken from.
    pub opened: String,
    /// Which of the loaded files needs it; `None` for the program and the loader.
    pub by: Option<usize>,
    /// The nearest of the files that it is there for, however indirectly, that names folders.
    pub(super) above: Option<usize>,
}

/// A file that the loader opens, under the path that it opens it by.
pub(super) struct Opened<'a> {
    pub(super) found: Found<'a>,
    pub(super) path: String,
}

impl Loaded<'_> {
    pub(super) fn names_folders(&self) -> bool {
        self.object.facts.rpath.is_some() || self.object.facts.runpath.is_some()
    }
}

/// A file, and those that it is there for, the nearest first: as far as they name folders.
pub(super) fn ancestry<'l, 'a>(
    loaded: &'l [Loaded<'a>],
    from: usize,
) -> impl Iterator<Item = &'l Loaded<'a>> + use<'l, 'a> {
    std::iter::successors(loaded.get(from), |it| loaded.get(it.above?))
}
