//! The user's folders.

use std::fs::DirEntry;
use std::path::PathBuf;
use std::time::Duration;

/// Entries of caches that nobody used for so long are removed.
pub(crate) const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// Whether nobody used an entry of a cache for so long. Whoever uses one sets its time.
pub(crate) fn is_forgotten(entry: &DirEntry) -> bool {
    let modified = entry.metadata().and_then(|it| it.modified());
    modified.ok().and_then(|it| it.elapsed().ok()).is_some_and(|it| it > KEPT_FOR)
}

/// `archproof` in the user's folder for caches, if there is such a folder.
///
/// Source: XDG Base Directory Specification 0.8, `XDG_CACHE_HOME`: relative paths are ignored.
#[must_use]
pub fn user_cache() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|it: &PathBuf| it.is_absolute());
    let caches =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    caches.map(|it| it.join("archproof"))
}
