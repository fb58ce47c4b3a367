//! The executables of an image: what each is, those that are gone, and further ones.

use std::collections::BTreeMap;

use super::{Change, ChangeKind, Common, severity_of};
use crate::elf::ElfFacts;
use crate::evidence::image::{Content, ImagePath, Node, NodeKind, Shebang, Variant};
use crate::sentence::list;
use crate::verdict::Judged;

/// What can be executed.
#[derive(Clone, Copy)]
enum Executable<'a> {
    Elf(&'a ElfFacts),
    Script(&'a Shebang),
}

pub(super) fn compare(common: &Common<'_>, new_findings: &[Judged]) -> Vec<Change> {
    let (old, new) = (executables(common.old), executables(common.new));
    let change = |kind, path: &ImagePath, message: String| {
        Change::new(kind, common.platform, message).at(path)
    };
    // What is wrong with a further file its finding says.
    let severity = |path: &ImagePath| {
        let is_about = |it: &Judged| it.finding.path() == Some(path.as_str());
        severity_of(new_findings, common.platform, is_about)
    };
    let gone = old.iter().filter(|(path, _)| !new.contains_key(*path));
    let gone = gone.map(|(path, file)| {
        change(ChangeKind::ExecutableRemoved, path, format!("{} is gone", what(*file)))
    });
    let changes = new.iter().flat_map(|(path, file)| match old.get(path) {
        None => {
            let message = format!("{} was added", what(*file));
            vec![change(ChangeKind::ExecutableAdded, path, message)]
        }
        Some(before) => differences(*before, *file)
            .into_iter()
            .map(|it| change(ChangeKind::Executable, path, it).with_severity(severity(path)))
            .collect(),
    });
    changes.chain(gone).collect()
}

/// The ELF files that are for the variant's platform, each under the first of its names.
pub(super) fn native_files(variant: &Variant) -> impl Iterator<Item = (&ImagePath, &ElfFacts)> {
    let target = variant.platform.elf_target();
    executables(variant).into_iter().filter_map(move |(path, file)| match file {
        Executable::Elf(facts) if facts.target() == target => Some((path, facts)),
        Executable::Elf(_) | Executable::Script(_) => None,
    })
}

fn executables(variant: &Variant) -> BTreeMap<&ImagePath, Executable<'_>> {
    let files = variant.files.iter();
    files.filter_map(|(path, node)| Some((path, executable(node)?))).collect()
}

fn executable(node: &Node) -> Option<Executable<'_>> {
    let NodeKind::File { content, .. } = &node.kind else { return None };
    match content {
        Content::Elf(facts) if facts.elf_type.is_loadable() => Some(Executable::Elf(facts)),
        Content::Script(shebang) if node.is_executable() => Some(Executable::Script(shebang)),
        _ => None,
    }
}

/// What it is, as the beginning of a sentence.
fn what(file: Executable<'_>) -> String {
    match file {
        Executable::Elf(facts) if facts.soname.is_some() => "this library".to_owned(),
        Executable::Elf(_) => "this executable".to_owned(),
        Executable::Script(_) => "this script".to_owned(),
    }
}

fn differences(old: Executable<'_>, new: Executable<'_>) -> Vec<String> {
    match (old, new) {
        (Executable::Elf(old), Executable::Elf(new)) => elf_differences(old, new),
        (Executable::Script(old), Executable::Script(new)) => {
            let now = &new.interpreter;
            differs("the script is started by", now, &old.interpreter).into_iter().collect()
        }
        (Executable::Elf(_), Executable::Script(_)) => {
            vec!["the file is a script now; before, it was an ELF file".to_owned()]
        }
        (Executable::Script(_), Executable::Elf(_)) => {
            vec!["the file is an ELF file now; before, it was a script".to_owned()]
        }
    }
}

fn differs(what: &str, new: &str, old: &str) -> Option<String> {
    (new != old).then(|| format!("{what} {new} now; before, {old}"))
}

fn elf_differences(old: &ElfFacts, new: &ElfFacts) -> Vec<String> {
    let target = |it: &ElfFacts| {
        let target = it.target();
        format!("{} ({}, {})", target.machine, target.class, target.data)
    };
    if old.target() != new.target() {
        // The rest cannot be compared.
        let of = if old.machine == new.machine {
            [target(new), target(old)]
        } else {
            [new.machine.to_string(), old.machine.to_string()]
        };
        return vec![format!("the file is built for {} now; before, for {}", of[0], of[1])];
    }
    let float = |it: &ElfFacts| it.abi().and_then(crate::elf::Abi::float).unwrap_or_default();
    let interpreter = |it: &ElfFacts| it.interpreter.clone().unwrap_or_else(|| "none".to_owned());
    let linkage = (old.linkage != new.linkage)
        .then(|| format!("the file is {} now; before, {}", new.linkage, old.linkage));
    let abi = differs("the file passes floating-point numbers by", &float(new), &float(old));
    let loader = (old.linkage == new.linkage)
        .then(|| differs("the file's interpreter is", &interpreter(new), &interpreter(old)));
    abi.into_iter().chain(linkage).chain(loader.flatten()).chain(libraries(old, new)).collect()
}

/// The libraries that a file needs and did not, and the reverse. Their order decides nothing here.
fn libraries(old: &ElfFacts, new: &ElfFacts) -> Option<String> {
    let without = |of: &ElfFacts, from: &ElfFacts| -> Vec<String> {
        of.needed.iter().filter(|it| !from.needed.contains(it)).cloned().collect()
    };
    let (added, gone) = (without(new, old), without(old, new));
    match (added.as_slice(), gone.as_slice()) {
        ([], []) => None,
        (added, []) => Some(format!("the file also needs {} now", list(added))),
        ([], gone) => Some(format!("the file no longer needs {}", list(gone))),
        (added, gone) => {
            Some(format!("the file needs {} now, and no longer {}", list(added), list(gone)))
        }
    }
}
