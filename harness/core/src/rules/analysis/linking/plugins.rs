//! Shared objects that no program needs: plugins, and libraries for them.
//!
//! Who loads one, from where, and what that has loaded before, is not known. So its needs count as
//! met by any file of the name in the image.

use super::found::{Linking, Unmet, VersionLack};
use super::subjects::Role;
use super::versions::lack;
use crate::loader::{Family, Object, is_part_of_musl};

pub(super) fn add<'a>(linking: &mut Linking<'a>, family: Family, by: Object<'a>) {
    for name in &by.facts.needed {
        if !is_there(linking, family, by, name) {
            linking.unmet.push(Unmet { family, by, name });
        }
    }
    if family == Family::Glibc {
        add_versions(linking, by);
    }
}

/// A plugin finds the versions in the one library of the name that its program has loaded: which
/// that is, is not known, so any of them will do.
fn add_versions<'a>(linking: &mut Linking<'a>, by: Object<'a>) {
    for need in &by.facts.version_needs {
        let candidates = linking.catalogue.named(&need.library);
        let lacks: Vec<_> = candidates.iter().map(|it| (*it, lack(need, *it))).collect();
        if lacks.iter().any(|(_, lack)| lack.is_none()) {
            continue;
        }
        let Some((library, Some(lack))) = lacks.into_iter().next() else { continue };
        let (role, name) = (Role::Other, need.library.as_str());
        linking.lacks.push(VersionLack { role, by, name, library, lack });
    }
}

/// Whether a file of that name lies in the folder of another.
pub(in crate::rules) fn is_beside(linking: &Linking<'_>, object: Object<'_>, file: &str) -> bool {
    let folder = object.path.parent();
    folder.is_some_and(|it| linking.catalogue.within(it.as_str(), file).is_some())
}

fn is_there(linking: &Linking<'_>, family: Family, object: Object<'_>, name: &str) -> bool {
    if family == Family::Musl && is_part_of_musl(name) {
        return true;
    }
    // The path of a library is its own business; that it says `$ORIGIN` or is absolute, too.
    let file = name.rsplit('/').next().unwrap_or(name);
    // A file that was left out or cannot be read is there all the same.
    !linking.catalogue.named(file).is_empty() || is_beside(linking, object, file)
}
