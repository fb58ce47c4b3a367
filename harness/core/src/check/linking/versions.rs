//! The versions of symbols that files need, and those that libraries define.
//!
//! Source: glibc, `elf/dl-version.c`, `_dl_check_map_versions` and `match_symbol`.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::Linking;
use super::private::is_part_of_glibc;
use super::report::Defect;
use super::subjects::{Program, Role};
use crate::check::{Rule, Severity};
use crate::elf::{NeededVersion, Strength, VersionNeed};
use crate::loader::{Object, Process};

pub(super) fn check<'a>(
    linking: &mut Linking<'a, '_>,
    program: &Program<'a>,
    process: &Process<'a>,
) {
    for file in &process.loaded {
        for need in &file.object.facts.version_needs {
            let Some(library) = process.get(&need.library) else { continue };
            let (object, library) = (file.object, library.object);
            if !linking.versions.insert((object.path, library.path)) {
                continue;
            }
            let Some((message, values)) = missing(need, library) else { continue };
            // glibc's own parts come from two builds.
            let rule = if is_part_of_glibc(object) && is_part_of_glibc(library) {
                Rule::LoaderLibcMismatch
            } else {
                Rule::SymbolVersionMissing
            };
            linking.report.add(Defect {
                rule,
                role: program.role,
                severity: program.role.severity(),
                cause: library.path.to_string(),
                object,
                message,
                values,
            });
        }
    }
}

/// A plugin finds the versions in the one library of the name that its program has loaded: which
/// that is, is not known, so any of them will do.
pub(super) fn check_plugin<'a>(linking: &mut Linking<'a, '_>, object: Object<'a>) {
    for need in &object.facts.version_needs {
        let candidates = linking.catalogue.named(&need.library);
        let lacks: Vec<_> = candidates.iter().map(|it| (it, missing(need, *it))).collect();
        if lacks.iter().any(|(_, lack)| lack.is_none()) {
            continue;
        }
        let Some((library, Some((message, values)))) = lacks.into_iter().next() else { continue };
        linking.report.add(Defect {
            rule: Rule::SymbolVersionMissing,
            role: Role::Other,
            severity: Severity::Warning,
            cause: library.path.to_string(),
            object,
            message,
            values,
        });
    }
}

/// What a library lacks, in words and as the two values that tell it best.
fn missing(need: &VersionNeed, library: Object<'_>) -> Option<(String, Option<(String, String)>)> {
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
    let highest = lacks.iter().rev().find(|it| number(it).is_some()).or(lacks.last())?;
    let same_series = |it: &&String| series(it) == series(highest);
    let has = defined.iter().filter(same_series).max_by(|a, b| compare(a, b));
    let (name, path) = (&need.library, library.path);
    Some(match has {
        Some(has) if number(highest).is_some() => (
            format!("needs {highest} of {name}, and {path} defines up to {has}"),
            Some(((*highest).to_owned(), has.clone())),
        ),
        _ => (format!("needs {highest} of {name}, which {path} does not define"), None),
    })
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
