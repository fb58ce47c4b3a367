//! The versions of symbols that files need, and those that libraries define.
//!
//! Source: glibc, `elf/dl-version.c`, `_dl_check_map_versions` and `match_symbol`.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::elf::{NeededVersion, Strength, VersionNeed};
use crate::loader::Object;

/// What a library does not define of what a file needs of it.
pub(in crate::rules) struct Lack {
    /// The version that tells it best: of a series the highest.
    pub(in crate::rules) needed: String,
    /// The highest that the library has of that series, if it is one of numbers.
    pub(in crate::rules) defined: Option<String>,
}

/// What a library lacks; nothing where it serves.
pub(super) fn lack(need: &VersionNeed, library: Object<'_>) -> Option<Lack> {
    let defined = &library.facts.version_definitions;
    // Without versions a library serves any (`no version information available`).
    if defined.is_empty() {
        return None;
    }
    let names: HashSet<&str> =
        defined.iter().chain(&library.facts.soname).map(String::as_str).collect();
    let is_defined = |name: &str| names.contains(name);
    let is_missing =
        |it: &&NeededVersion| it.strength == Strength::Required && !is_defined(&it.name);
    let mut lacks: Vec<&str> =
        need.versions.iter().filter(is_missing).map(|it| it.name.as_str()).collect();
    lacks.sort_by(|a, b| compare(a, b));
    // Of a series the highest is what counts; a version by name alone is none.
    let highest = *lacks.iter().rev().find(|it| number(it).is_some()).or(lacks.last())?;
    let same_series = |it: &&String| series(it) == series(highest);
    let has = defined.iter().filter(same_series).max_by(|a, b| compare(a, b));
    let defined = has.filter(|_| number(highest).is_some()).cloned();
    Some(Lack { needed: highest.to_owned(), defined })
}

/// `GLIBC` of `GLIBC_2.34`.
fn series(version: &str) -> &str {
    version.rsplit_once('_').map_or(version, |(series, _)| series)
}

/// `[2, 34]` of `GLIBC_2.34`; `None` for `GLIBC_PRIVATE` and `GLIBC_ABI_DT_RELR`.
fn number(version: &str) -> Option<Vec<u32>> {
    let (_, number) = version.rsplit_once('_')?;
    number.split('.').map(|it| it.parse().ok()).collect()
}

fn compare(a: &str, b: &str) -> Ordering {
    (number(a), a).cmp(&(number(b), b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(compare("GLIBC_2.4", "GLIBC_2.34"), Ordering::Less);
        assert_eq!(compare("GLIBC_2.2.5", "GLIBC_2.3"), Ordering::Less);
        assert_eq!(compare("GLIBCXX_3.4.30", "GLIBCXX_3.4.9"), Ordering::Greater);
        assert_eq!(compare("GLIBC_ABI_DT_RELR", "GLIBC_2.2.5"), Ordering::Less);
        assert_eq!(series("CXXABI_1.3.13"), "CXXABI");
        assert_eq!(number("GLIBC_PRIVATE"), None);
    }
}
