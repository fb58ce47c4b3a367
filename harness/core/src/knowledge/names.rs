//! Names of architectures and systems in paths.

use crate::arch::{self, Facts};
use crate::elf::Machine;
use crate::platform::Platform;

/// A word, and the machine that it stands for.
pub(crate) type Name = (&'static str, Machine);

/// Names of machines that no platform has.
const OTHERS: &[Name] = &[
    ("mips", Machine::MIPS),
    ("mipsel", Machine::MIPS),
    ("mipsle", Machine::MIPS),
    ("ppc", Machine::PPC),
    ("powerpc", Machine::PPC),
];

/// Systems and C libraries, which stand beside the architecture in such names.
const SYSTEMS: &[&str] = &[
    "android",
    "androideabi",
    "debian",
    "eabi",
    "freebsd",
    "glibc",
    "gnu",
    "gnuabi64",
    "gnueabi",
    "linux",
    "linuxmusl",
    "musl",
    "musleabihf",
    "netbsd",
    "openbsd",
    "pc",
    "rhel",
    "solaris",
    "sunos",
    "unknown",
];

/// Words of a path that say that it is for Windows or macOS.
const FOREIGN: &[&str] = &[
    "apple", "darwin", "dll", "dylib", "exe", "mac", "macos", "osx", "win", "win10", "win32",
    "win64", "windows",
];

/// The architectures that a text names beyond doubt.
pub(crate) fn unmistakable(text: &str) -> Vec<Name> {
    words(text).filter_map(find_unmistakable).collect()
}

/// Whether a text names a machine, in whichever way.
pub(crate) fn names(text: &str, machine: Machine) -> bool {
    words(text).filter_map(any).any(|it| it.1 == machine)
}

/// The machines that a text names, in whichever way.
pub(crate) fn machines(text: &str) -> Vec<Machine> {
    words(text).filter_map(any).map(|it| it.1).collect()
}

/// The names that a text has for a machine, of which some have several for its versions.
pub(crate) fn names_of(text: &str, machine: Machine) -> Vec<&'static str> {
    let found = words(text).filter_map(any);
    found.filter(|it| it.1 == machine).map(|it| it.0).collect()
}

/// What remains of a name without architecture and system: the same for `tool-linux-x64` and
/// `tool-linux-musl-arm64`. Versions of an architecture belong to it: `tool_linux_amd64_v1`.
pub(crate) fn stem(text: &str) -> Vec<String> {
    let mut is_behind_architecture = false;
    let mut words: Vec<String> = words(text).map(str::to_ascii_lowercase).collect();
    words.retain(|word| {
        let is_architecture =
            any(word).is_some() || is_behind_architecture && is_version_of_architecture(word);
        is_behind_architecture = is_architecture;
        !is_architecture && !SYSTEMS.contains(&word.as_str())
    });
    words
}

fn is_version_of_architecture(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    digits.len() == 1 && digits.starts_with(|it: char| it.is_ascii_digit())
}

/// What remains of a name without the kind of the file too: the same for `attach_linux_x86.so` and
/// `attach_amd64.dll`.
pub(crate) fn package(text: &str) -> Vec<String> {
    let mut words = stem(text);
    words.retain(|word| word != "so" && !FOREIGN.contains(&word.as_str()));
    words
}

/// The C library that a text names, `gnu` or `musl`.
pub(crate) fn names_libc(text: &str) -> Option<&'static str> {
    words(text).find_map(|word| match word.to_ascii_lowercase().as_str() {
        "gnu" | "glibc" | "gnueabihf" | "gnueabi" | "debian" | "rhel" => Some("gnu"),
        "musl" | "musleabihf" | "linuxmusl" | "alpine" => Some("musl"),
        _ => None,
    })
}

/// Whether a text says that it is for Windows or macOS.
pub(crate) fn is_foreign(text: &str) -> bool {
    words(text).any(|word| FOREIGN.iter().any(|it| it.eq_ignore_ascii_case(word)))
}

fn any(word: &str) -> Option<Name> {
    let other = || OTHERS.iter().find(|it| it.0.eq_ignore_ascii_case(word)).copied();
    find_unmistakable(word).or_else(|| find(word, |it| it.common)).or_else(other)
}

fn find_unmistakable(word: &str) -> Option<Name> {
    find(word, |it| it.unmistakable)
}

fn find(word: &str, names: fn(&Facts) -> &'static [&'static str]) -> Option<Name> {
    arch::ALL.iter().find_map(|facts| {
        let name = names(facts).iter().find(|it| it.eq_ignore_ascii_case(word))?;
        Some((*name, facts.elf.machine))
    })
}

/// The words between punctuation. Two names have punctuation of their own, and get their other
/// spelling.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_letter = |it: char| it.is_ascii_alphanumeric();
        rest = rest.trim_start_matches(|it| !is_letter(it));
        let end_from =
            |at: usize| rest[at..].find(|it| !is_letter(it)).map_or(rest.len(), |it| at + it);
        let mut end = end_from(0);
        let spelled = PUNCTUATED.iter().find(|(name, _)| {
            rest.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name))
        });
        if let Some((name, _)) = spelled {
            end = end_from(name.len());
        }
        let (word, behind) = rest.split_at(end);
        rest = behind;
        let whole = spelled.filter(|(name, _)| name.len() == word.len()).map(|it| it.1);
        Some(whole.unwrap_or(word)).filter(|it| !it.is_empty())
    })
}

/// Names with punctuation, and what they are without.
const PUNCTUATED: [(&str, &str); 3] =
    [("x86_64", "amd64"), ("x86-64", "amd64"), ("aarch_64", "aarch64")];

/// The usual platforms of the architectures that the name of a Dockerfile states:
/// `Dockerfile.arm64` is for one.
#[must_use]
pub fn named_platforms(file_name: &str) -> Vec<Platform> {
    let named = machines(file_name);
    let is_named = |it: &Platform| named.contains(&it.elf_target().machine);
    Platform::ALL.into_iter().filter(is_named).collect()
}
