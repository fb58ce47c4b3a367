//! The same program for platforms that promise different processors.

use crate::evidence::image::NodeKind;
use crate::rules::analysis::parity::started::Started;
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ParityIdenticalBinary,
    group: Group::Parity,
    severity: Severity::Note,
    summary: "Platforms that promise different processors have the same program.",
    page: include_str!("../../../pages/ParityIdenticalBinary.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

/// Variants for different machines cannot have the same program but for a wrong one, which
/// `ElfMachineMismatch` reports; those for versions of one machine can, and then one of them is of
/// no use.
fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for programs in context.started().values() {
        for (at, it) in programs.iter().enumerate() {
            if let Some(other) = programs[..at].iter().find(|other| is_same(other, it)) {
                let message =
                    format!("the program is identical to that of {}", other.variant.platform);
                findings.push(RULE.of_path(it.variant.platform, it.path.as_str(), message));
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
