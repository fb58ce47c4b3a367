//! The same program for platforms that promise different processors.

use super::super::{Finding, Rule};
use super::started::{Started, started};
use crate::evidence::image::{NodeKind, Variant};
use crate::launch::Arguments;

/// Variants for different machines cannot have the same program but for a wrong one, which
/// `ElfMachineMismatch` reports; those for versions of one machine can, and then one of them is of
/// no use.
pub(super) fn check(variants: &[&Variant], arguments: &Arguments) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (_, programs) in started(variants, arguments) {
        for (at, it) in programs.iter().enumerate() {
            if let Some(other) = programs[..at].iter().find(|other| is_same(other, it)) {
                let message =
                    format!("it is the same program as that of {}", other.variant.platform);
                let finding =
                    Finding::of_platform(Rule::ParityIdenticalBinary, it.variant.platform, message);
                findings.push(finding.with_path(it.path.as_str()));
            }
        }
    }
    findings
}

/// Of one size, with the same headers, segments, notes and declarations, and for the same machine.
/// Programs that were compiled for different processors differ in these.
fn is_same(one: &Started<'_>, other: &Started<'_>) -> bool {
    one.facts == other.facts
        && size(one).is_some()
        && size(one) == size(other)
        && one.variant.platform.elf_target() == other.variant.platform.elf_target()
}

fn size(it: &Started<'_>) -> Option<u64> {
    match it.variant.files.get(&it.path)?.kind {
        NodeKind::File { size, .. } | NodeKind::Hardlink { size, .. } => Some(size),
        _ => None,
    }
}
