//! The user's folders.

use std::path::PathBuf;

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
