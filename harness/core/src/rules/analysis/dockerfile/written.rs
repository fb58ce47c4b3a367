//! An architecture that is written in a text, and what it stands there for.

use std::collections::BTreeSet;

use super::{Analysis, is_predefined};
use crate::dockerfile::{Base, Pin};
use crate::elf::Machine;
use crate::knowledge::names::{is_foreign, machines, names_of, unmistakable};
use crate::knowledge::tools::COMPILER_SETTINGS;
use crate::platform::Platform;
use crate::rules::severity::Severity;

/// What an architecture was written for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum What {
    /// What a compiler makes.
    Compiled,
    /// Something fetched.
    Download,
    /// Something installed by its name.
    Package,
    /// A file that is copied or linked.
    File,
    /// A variable.
    Setting,
    /// The image that a stage begins with, or takes files from.
    Base,
}

impl What {
    pub(in crate::rules) fn of_setting(name: &str) -> Self {
        if COMPILER_SETTINGS.contains(&name) { Self::Compiled } else { Self::Setting }
    }
}

/// Whether the value of a variable is more than a name: a path, a triple, a compiler's target.
pub(in crate::rules) fn is_telling(name: &str, value: &str) -> bool {
    // What stands in for the builder's own word is another rule's.
    if is_predefined(name) {
        return false;
    }
    // CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc is for that one only.
    if !machines(name).is_empty() {
        return false;
    }
    // `linux/amd64` by itself is what somebody else builds for.
    let words = value.trim_matches(['"', '\'']).split(',');
    let is_platform = words.into_iter().all(|it| it.trim().parse::<Platform>().is_ok());
    COMPILER_SETTINGS.contains(&name)
        || value.contains('/') && !is_platform
        || ["-linux-", "-unknown-"].iter().any(|it| value.contains(it))
}

/// How bad it is in a stage: what is not compiled there may be a tool of the machine that builds.
pub(in crate::rules) fn severity(
    analysis: &Analysis<'_>,
    number: usize,
    what: What,
) -> Option<Severity> {
    let is_native = analysis.uses(number).all(|(_, it)| it.pin != Pin::Target);
    let machines: BTreeSet<Machine> =
        analysis.recipe.platforms.iter().map(|it| it.elf_target().machine).collect();
    match (what, is_native) {
        // An image of one architecture that compiles for another is a cross-compiler.
        (What::Compiled | What::Setting, _) if machines.len() < 2 => None,
        (What::Compiled, _) => Some(Severity::Error),
        (_, false) => Some(Severity::Warning),
        (What::Download | What::Package, true) => Some(Severity::Note),
        (_, true) => None,
    }
}

/// The machines that a text in small letters is about.
pub(in crate::rules) fn named_in(lower: &str) -> BTreeSet<Machine> {
    let named: BTreeSet<Machine> = unmistakable(lower).iter().map(|it| it.1).collect();
    // `linux-x64` and the like: short names count beside the system's.
    if named.is_empty() && lower.contains("linux") {
        return machines(lower).into_iter().collect();
    }
    named
}

/// Whether a text in small letters is about another system, which is in no image's own program, or
/// about another architecture on purpose.
pub(in crate::rules) fn is_exempt(lower: &str) -> bool {
    is_foreign(lower) || OTHER_SYSTEMS.iter().chain(&EXEMPT).any(|it| lower.contains(it))
}

/// The name that a text in small letters has for a machine, as it is written, and where it stands.
pub(in crate::rules) fn spelled(text: &str, machine: Machine) -> Option<(&'static str, usize)> {
    let mut names = SPELLINGS.iter().copied().chain(names_of(text, machine));
    names.find_map(|it| Some((it, text.find(it)?)))
}

/// Whether a stage is for one architecture by its name, or that of a stage that it is built on.
pub(in crate::rules) fn is_of_architecture(
    analysis: &Analysis<'_>,
    number: usize,
    machine: Machine,
) -> bool {
    if names_file(analysis, machine) {
        return true;
    }
    let mut open = vec![number];
    let mut seen = BTreeSet::new();
    while let Some(number) = open.pop() {
        if !seen.insert(number) {
            continue;
        }
        if machines(&analysis.file.stages[number].name).contains(&machine) {
            return true;
        }
        open.extend(analysis.uses(number).filter_map(|(_, it)| match it.base {
            Base::Stage(base) => Some(base),
            _ => None,
        }));
    }
    false
}

/// Whether the Dockerfile itself is named for it, or the folder that it lies in.
fn names_file(analysis: &Analysis<'_>, machine: Machine) -> bool {
    analysis.recipe.name.rsplit('/').take(2).any(|part| machines(part).contains(&machine))
}

/// The text with blanks in place of `${…}`, `$(…)` and what stands between backticks.
pub(in crate::rules) fn blank_substitutions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '`' {
            // They do not nest.
            depth = usize::from(depth == 0);
            out.push(' ');
            continue;
        }
        let opens = letter == '$' && matches!(letters.peek(), Some('{' | '('));
        let nests = depth > 0 && matches!(letter, '{' | '(');
        depth += usize::from(opens) + usize::from(nests);
        if opens {
            letters.next();
            out.push_str("  ");
        } else if depth > 0 {
            out.extend(std::iter::repeat_n(' ', letter.len_utf8()));
            depth -= usize::from(matches!(letter, '}' | ')'));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Names with punctuation, which are taken together.
const SPELLINGS: [&str; 3] = ["x86_64", "x86-64", "aarch_64"];

/// Systems that programs are compiled for beside Linux; those of Windows and macOS have more names.
const OTHER_SYSTEMS: [&str; 5] = ["android", "freebsd", "mingw", "netbsd", "openbsd"];

/// Words about other architectures on purpose: emulators, cross-compilers and their packages.
const EXEMPT: [&str; 8] =
    ["qemu", "binfmt", "cross", "gcc-", "g++-", "binutils-", "-dev-", "multiarch"];
