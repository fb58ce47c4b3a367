//! The executables of an image: what each is, those that are gone, and further ones.

use super::change::{Change, ChangeKind};
use super::pair::{Common, severity_of};
use crate::elf::{ElfFacts, Linkage};
use crate::evidence::image::{Content, ImagePath, Node, NodeKind, Shebang, Variant};
use crate::sentence::list;
use crate::verdict::Judged;

/// What can be executed.
struct Executable<'a> {
    kind: Kind<'a>,
    node: &'a Node,
}

#[derive(Clone, Copy)]
enum Kind<'a> {
    Elf(&'a ElfFacts),
    Script(&'a Shebang),
    /// A command that is a link.
    Link(&'a str),
}

/// Set-user-ID and set-group-ID.
const SET_ID: u32 = 0o6000;

pub(super) fn compare(common: &Common<'_>, new_findings: &[Judged]) -> Vec<Change> {
    let change = |kind, path: &ImagePath, message: String| {
        Change::new(kind, common.platform, message).at(path)
    };
    // What is wrong with a further file its finding says.
    let severity = |path: &ImagePath| {
        let is_about = |it: &Judged| it.finding.path() == Some(path.as_str());
        severity_of(new_findings, common.platform, is_about)
    };
    let gone = executables(common.old).filter(|(path, _)| at(common.new, path).is_none());
    let gone = gone.map(|(path, file)| {
        let message = match common.new.files.get(path).map(|it| &it.kind) {
            Some(NodeKind::File { .. } | NodeKind::Hardlink { .. }) => {
                format!("{} is no longer executable", file.what())
            }
            _ => format!("{} is gone", file.what()),
        };
        change(ChangeKind::ExecutableRemoved, path, message)
    });
    let changes = executables(common.new).flat_map(|(path, file)| match at(common.old, path) {
        None => {
            let message = format!("{} was added", file.what());
            vec![change(ChangeKind::ExecutableAdded, path, message)]
        }
        Some(before) => differences(&before, &file)
            .into_iter()
            .map(|it| change(ChangeKind::Executable, path, it).with_severity(severity(path)))
            .collect(),
    });
    changes.chain(gone).collect()
}

/// The ELF files that are for the variant's platform, each under the first of its names.
pub(super) fn native_files(variant: &Variant) -> impl Iterator<Item = (&ImagePath, &ElfFacts)> {
    executables(variant).filter_map(|(path, file)| Some((path, file.native(variant)?)))
}

/// The ELF file of a path, if it is for the variant's platform.
pub(super) fn native_file<'a>(variant: &'a Variant, path: &ImagePath) -> Option<&'a ElfFacts> {
    at(variant, path)?.native(variant)
}

/// The most that any native file of a variant needs, and the first file that does.
pub(super) fn most<T: PartialOrd>(
    variant: &Variant,
    need: impl Fn(&ImagePath, &ElfFacts) -> Option<T>,
) -> Option<(T, &ImagePath)> {
    let needs = native_files(variant).filter_map(|(path, facts)| Some((need(path, facts)?, path)));
    needs.reduce(|most, it| if it.0 > most.0 { it } else { most })
}

fn executables(variant: &Variant) -> impl Iterator<Item = (&ImagePath, Executable<'_>)> {
    variant.files.iter().filter_map(|(path, node)| Some((path, executable(path, node)?)))
}

fn at<'a>(variant: &'a Variant, path: &ImagePath) -> Option<Executable<'a>> {
    executable(path, variant.files.get(path)?)
}

fn executable<'a>(path: &ImagePath, node: &'a Node) -> Option<Executable<'a>> {
    let kind = match &node.kind {
        NodeKind::File { content, .. } => match content {
            Content::Elf(facts) if facts.elf_type.is_loadable() => Kind::Elf(facts),
            Content::Script(shebang) if node.is_executable() => Kind::Script(shebang),
            _ => return None,
        },
        // Links to libraries change with every version.
        NodeKind::Symlink { target } if is_in_command_folder(path) => Kind::Link(target),
        _ => return None,
    };
    Some(Executable { kind, node })
}

fn is_in_command_folder(path: &ImagePath) -> bool {
    path.components().rev().nth(1).is_some_and(|it| matches!(it, "bin" | "sbin"))
}

impl<'a> Executable<'a> {
    /// What the file says, if it is ELF for the variant's platform.
    fn native(&self, variant: &Variant) -> Option<&'a ElfFacts> {
        match self.kind {
            Kind::Elf(facts) if facts.target() == variant.platform.elf_target() => Some(facts),
            Kind::Elf(_) | Kind::Script(_) | Kind::Link(_) => None,
        }
    }

    /// What it is, as the beginning of a sentence.
    fn what(&self) -> &'static str {
        match self.kind {
            Kind::Elf(facts) if facts.soname.is_some() => "this library",
            Kind::Elf(_) => "this executable",
            Kind::Script(_) => "this script",
            Kind::Link(_) => "this link",
        }
    }

    /// What it is, as the end of a sentence.
    fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Elf(_) => "an ELF file",
            Kind::Script(_) => "a script",
            Kind::Link(_) => "a link",
        }
    }
}

fn differences(old: &Executable<'_>, new: &Executable<'_>) -> Vec<String> {
    let mut differences: Vec<String> = match (old.kind, new.kind) {
        (Kind::Elf(old), Kind::Elf(new)) => elf_differences(old, new),
        (Kind::Script(old), Kind::Script(new)) => {
            let now = &new.interpreter;
            differs("the script is started by", now, &old.interpreter).into_iter().collect()
        }
        (Kind::Link(old), Kind::Link(new)) => {
            differs("the link leads to", new, old).into_iter().collect()
        }
        _ => return vec![format!("the file is {} now; before, {}", new.noun(), old.noun())],
    };
    match (old.node.mode & SET_ID != 0, new.node.mode & SET_ID != 0) {
        (false, true) => differences.push("the file sets its user or group ID now".to_owned()),
        (true, false) => {
            differences.push("the file no longer sets its user or group ID".to_owned());
        }
        _ => {}
    }
    match (old.node.is_executable(), new.node.is_executable()) {
        (true, false) => differences.push("the file is no longer executable".to_owned()),
        (false, true) if matches!(new.kind, Kind::Elf(facts) if facts.linkage != Linkage::Shared) =>
        {
            differences.push("the file is executable now".to_owned());
        }
        _ => {}
    }
    differences
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
