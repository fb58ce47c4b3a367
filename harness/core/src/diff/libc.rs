//! The glibc of an image, and the oldest Linux that it runs on.

use std::fmt;

use super::change::{Change, ChangeKind};
use super::executables::{most, native_files};
use super::pair::{Common, severity_of};
use crate::elf::{ElfFacts, KernelVersion};
use crate::evidence::image::{ImagePath, Variant};
use crate::rules::{Rule, Severity};
use crate::verdict::Judged;

/// The name of glibc's library.
const LIBC: &str = "libc.so.6";

/// A version of glibc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GlibcVersion(u32, u32);

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl GlibcVersion {
    /// The version that a symbol's version names: `GLIBC_2.34`.
    fn parse(name: &str) -> Option<Self> {
        let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
        let mut next = || numbers.next()?.parse().ok();
        Some(Self(next()?, next()?))
    }
}

pub(super) fn compare(common: &Common<'_>, new_findings: &[Judged]) -> Vec<Change> {
    glibc(common, new_findings).into_iter().chain(kernel(common)).collect()
}

fn glibc(common: &Common<'_>, new_findings: &[Judged]) -> Option<Change> {
    let change = |message| Change::new(ChangeKind::Glibc, common.platform, message);
    match (provided(common.old), provided(common.new)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => {
            let message = format!("the image has glibc {new} now; before, it had {old}");
            let severity = severity_of(new_findings, common.platform, |it| {
                it.finding.rule == Rule::SymbolVersionMissing
            });
            Some(change(message).with_severity(severity))
        }
        (None, Some(new)) => Some(change(format!("the image has glibc {new} now"))),
        (Some(old), None) => Some(change(format!("the image no longer has glibc; it had {old}"))),
        // Whatever it is that runs these files has a glibc: they may need more of it.
        (None, None) => {
            let (old, (new, path)) = (needed(common.old)?.0, needed(common.new)?);
            let message = match new.cmp(&old) {
                std::cmp::Ordering::Equal => return None,
                std::cmp::Ordering::Less => {
                    format!("the image needs no more than glibc {new} now; before, {old}")
                }
                std::cmp::Ordering::Greater => {
                    format!("the image needs glibc {new} now; before, {old} was enough")
                }
            };
            let severity = if new > old { Severity::Warning } else { Severity::Note };
            Some(change(message).at(path).with_severity(severity))
        }
    }
}

/// The version of the glibc that a variant has.
fn provided(variant: &Variant) -> Option<GlibcVersion> {
    let libraries = native_files(variant).filter(|(path, _)| path.file_name() == LIBC);
    libraries.filter_map(|(_, facts)| newest(facts.version_definitions.iter())).max()
}

/// The newest glibc that a file of a variant needs, and the first such file.
fn needed(variant: &Variant) -> Option<(GlibcVersion, &ImagePath)> {
    let of_file = |facts: &ElfFacts| {
        let versions = facts.version_needs.iter().flat_map(|it| &it.versions);
        newest(versions.map(|it| &it.name))
    };
    most(variant, |_, facts| of_file(facts))
}

fn newest<'a>(names: impl Iterator<Item = &'a String>) -> Option<GlibcVersion> {
    names.filter_map(|it| GlibcVersion::parse(it)).max()
}

fn kernel(common: &Common<'_>) -> Option<Change> {
    let (old, (new, path)) = (oldest_kernel(common.old)?.0, oldest_kernel(common.new)?);
    let message = match new.cmp(&old) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Less => {
            format!("the image runs on Linux {new} and later now; before, {old} and later")
        }
        std::cmp::Ordering::Greater => {
            format!("the image needs Linux {new} or later now; before, {old} was enough")
        }
    };
    Some(Change::new(ChangeKind::Kernel, common.platform, message).at(path))
}

/// The oldest Linux that all files of a variant run on, and the first file that needs it.
fn oldest_kernel(variant: &Variant) -> Option<(KernelVersion, &ImagePath)> {
    most(variant, |_, facts| facts.kernel)
}
