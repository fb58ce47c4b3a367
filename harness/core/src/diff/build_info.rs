//! What Go's linker and rustc wrote about the build.

use std::collections::BTreeSet;

use super::change::{Change, ChangeKind};
use super::executables::{native_file, native_files};
use super::pair::Common;
use crate::elf::{ElfFacts, GoBuild};
use crate::sentence::list;
use crate::text::shortened;

/// What differs from one build of a commit to the next, or is told as another change.
const IGNORED: [&str; 3] = ["GOARCH", "vcs.modified", "vcs.time"];
/// The letters of a value that are shown.
const SHOWN: usize = 80;

pub(super) fn compare(common: &Common<'_>) -> Vec<Change> {
    let pairs = native_files(common.new)
        .filter_map(|(path, new)| Some((path, native_file(common.old, path)?, new)));
    let changes = pairs.flat_map(|(path, old, new)| {
        let of_go = old.go.as_ref().zip(new.go.as_ref());
        let of_go = of_go.map(|(old, new)| differences(old, new)).unwrap_or_default();
        let messages = of_go.into_iter().chain(rustc(old, new));
        messages.map(move |it| Change::new(ChangeKind::BuildInfo, common.platform, it).at(path))
    });
    changes.collect()
}

fn rustc(old: &ElfFacts, new: &ElfFacts) -> Option<String> {
    let is_told = old.rustc != new.rustc && !old.rustc.is_empty() && !new.rustc.is_empty();
    is_told.then(|| format!("rustc is {} now; before, {}", list(&new.rustc), list(&old.rustc)))
}

fn differences(old: &GoBuild, new: &GoBuild) -> Vec<String> {
    let mut values = vec![
        ("Go", old.version.as_str(), new.version.as_str()),
        ("the main module", &old.module, &new.module),
        ("the main module's version", &old.module_version, &new.module_version),
    ];
    let names: BTreeSet<&String> = old.settings.keys().chain(new.settings.keys()).collect();
    let names = names.into_iter().filter(|it| !IGNORED.contains(&it.as_str()));
    values.extend(names.map(|name| {
        (name.as_str(), old.setting(name).unwrap_or(""), new.setting(name).unwrap_or(""))
    }));
    let changed = values.into_iter().filter(|(_, old, new)| old != new);
    let shown = |text: &str| match text {
        "" => "unset".to_owned(),
        text => format!("`{}`", shortened(text, SHOWN)),
    };
    changed
        .map(|(name, old, new)| format!("{name} is {} now; before, {}", shown(new), shown(old)))
        .collect()
}
