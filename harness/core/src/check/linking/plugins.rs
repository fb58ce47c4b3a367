//! Shared objects that no program needs: plugins, and libraries for them.
//!
//! Who loads one, from where, and what that has loaded before, is not known. So its needs count as
//! met by any file of the name in the image.

use super::Linking;
use super::libraries::comes_from_host;
use super::report::Defect;
use super::subjects::Role;
use super::versions;
use crate::check::{Rule, Severity};
use crate::loader::{Family, Object};

pub(super) fn check<'a>(linking: &mut Linking<'a, '_>, family: Family, object: Object<'a>) {
    for name in &object.facts.needed {
        if is_there(linking, family, object, name) {
            continue;
        }
        linking.report.add(Defect {
            rule: Rule::LibraryMissing,
            role: Role::Other,
            severity: severity(linking, object, name),
            cause: name.clone(),
            object,
            message: format!(
                "needs {name}, which is not in the image{}",
                explanation(family, name)
            ),
            values: None,
        });
    }
    if family == Family::Glibc {
        versions::check_plugin(linking, object);
    }
}

/// What needs another C library's own file was linked for that.
fn explanation(family: Family, name: &str) -> &'static str {
    match (family, Family::of_name(name)) {
        (Family::Musl, Some(Family::Glibc)) => ": the file is linked for glibc, the image has musl",
        (Family::Glibc, Some(Family::Musl)) => ": the file is linked for musl, the image has glibc",
        _ => "",
    }
}

/// Parts of a language's own library are there whether or not what they are for is installed:
/// Python's `_tkinter` in an image without Tk, Java's windows in one without X, .NET's tracing.
fn severity(linking: &Linking<'_, '_>, object: Object<'_>, name: &str) -> Severity {
    let beside = |file: &str| {
        object.path.parent().is_some_and(|it| linking.catalogue.within(it.as_str(), file).is_some())
    };
    let is_optional = object.path.components().any(|it| it == "lib-dynload")
        || beside("libjava.so")
        || beside("libcoreclr.so");
    if is_optional || comes_from_host(name) { Severity::Note } else { Severity::Warning }
}

fn is_there(linking: &Linking<'_, '_>, family: Family, object: Object<'_>, name: &str) -> bool {
    if family == Family::Musl && crate::loader::is_part_of_musl(name) {
        return true;
    }
    // The path of a library is its own business; that it says `$ORIGIN` or is absolute, too.
    let file = name.rsplit('/').next().unwrap_or(name);
    // A file that was left out or cannot be read is there all the same.
    let beside = || {
        object.path.parent().is_some_and(|it| linking.catalogue.within(it.as_str(), file).is_some())
    };
    !linking.catalogue.named(file).is_empty() || beside()
}
