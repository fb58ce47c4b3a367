//! Texts and paths without the names of the platform that they belong to.

use crate::elf::Machine;
use crate::evidence::image::ImagePath;
use crate::knowledge::names::{names_of, stem};
use crate::platform::Platform;

/// Who made it, in triplets such as `x86_64-pc-linux-gnu`: another for each architecture.
const VENDORS: [&str; 6] = ["alpine", "ibm", "pc", "redhat", "suse", "unknown"];

/// What stands for the architecture's name.
const ARCHITECTURE: &str = "{arch}";

/// A path whose parts are the same for all platforms, if they differ in architectures' names alone.
/// Parts that name another architecture are another's on every platform, and stay.
pub(in crate::rules) fn path(path: &ImagePath, machine: Machine) -> String {
    path.components().fold(String::new(), |path, it| path + "/" + &part(it, machine))
}

/// One part of a path.
pub(in crate::rules) fn part(part: &str, machine: Machine) -> String {
    if names_of(part, machine).is_empty() {
        return part.to_owned();
    }
    let mut words = stem(part);
    words.push(ARCHITECTURE.to_owned());
    words.join("-")
}

/// A line in which the platform's own names stand for any platform's.
pub(in crate::rules) fn line(line: &str, platform: Platform) -> String {
    let line = line.replace("x86_64", "amd64").replace("x86-64", "amd64");
    let mut neutral = String::with_capacity(line.len());
    let mut rest = line.as_str();
    let mut is_behind_name = false;
    while !rest.is_empty() {
        let at = rest.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(at);
        is_behind_name = push_word(&mut neutral, word, platform, is_behind_name);
        let mark = after.chars().next();
        if let Some(mark) = mark {
            neutral.push(mark);
        }
        // Only what stands right behind a name, as in `arm/v7`, can belong to it.
        is_behind_name &= matches!(mark, Some('/' | '-' | '_'));
        rest = &after[mark.map_or(0, char::len_utf8)..];
    }
    neutral
}

/// Gives whether it was a name of the platform's.
fn push_word(text: &mut String, word: &str, platform: Platform, is_behind_name: bool) -> bool {
    let is_variant = |word: &str| word.len() == 2 && word.starts_with('v');
    if is_behind_name && (is_variant(word) || VENDORS.contains(&word)) {
        // With the mark before it.
        text.pop();
        return true;
    }
    // Of its triplet, the part that only ARM's has.
    if let Some(libc) = word.strip_suffix("eabihf").or_else(|| word.strip_suffix("eabi"))
        && matches!(libc, "gnu" | "musl")
    {
        text.push_str(libc);
        return false;
    }
    let is_own = !names_of(word, platform.elf_target().machine).is_empty();
    text.push_str(if is_own { ARCHITECTURE } else { word });
    is_own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neutral(text: &str, name: &str) -> String {
        line(text, name.parse().expect("a platform"))
    }

    #[test]
    fn a_platforms_own_names_are_anybodys() {
        let expected = "tool 1.2 (linux/{arch})";
        for (platform, text) in [
            ("linux/amd64", "tool 1.2 (linux/amd64)"),
            ("linux/amd64", "tool 1.2 (linux/x86_64)"),
            ("linux/arm/v7", "tool 1.2 (linux/arm/v7)"),
            ("linux/arm/v6", "tool 1.2 (linux/armv6l)"),
            ("linux/arm64", "tool 1.2 (linux/aarch64)"),
            ("linux/s390x", "tool 1.2 (linux/s390x)"),
        ] {
            assert_eq!(neutral(text, platform), expected, "{platform}");
        }
        let triplets = [
            ("linux/arm/v7", "arm-unknown-linux-gnueabihf"),
            ("linux/arm64", "aarch64-linux-gnu"),
            ("linux/amd64", "x86_64-pc-linux-gnu"),
            ("linux/s390x", "s390x-ibm-linux-gnu"),
        ];
        for (platform, text) in triplets {
            assert_eq!(neutral(text, platform), "{arch}-linux-gnu");
        }
    }

    #[test]
    fn anothers_names_stay() {
        assert_eq!(neutral("built on amd64", "linux/arm64"), "built on amd64");
        assert_eq!(neutral("alarm v7", "linux/arm/v7"), "alarm v7");
    }

    #[test]
    fn paths_are_compared_part_by_part() {
        let neutral = |text: &str, machine| path(&ImagePath::clean(text), machine);
        assert_eq!(
            neutral("/opt/x-amd64/lib/x86_64-linux-gnu/a.so", Machine::X86_64),
            neutral("/opt/x-arm64/lib/aarch64-linux-gnu/a.so", Machine::AARCH64),
        );
        assert_eq!(neutral("/opt/x-arm64/a", Machine::X86_64), "/opt/x-arm64/a");
    }
}
