//! How the program that an image starts comes by the code of others.

use std::fmt;

use crate::elf::{ElfFacts, Linkage};
use crate::evidence::image::Variant;
use crate::rules::analysis::parity::usual::odd_ones;
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ParityLinkage,
    group: Group::Parity,
    severity: Severity::Warning,
    summary: "The entrypoint is linked differently from other platforms.",
    page: include_str!("../../../pages/ParityLinkage.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for programs in context.started().values() {
        let values = programs.iter().filter_map(|it| Some((it.variant, Libc::new(it.facts)?)));
        let values: Vec<(&Variant, Libc)> = values.collect();
        for odd in odd_ones(&values) {
            let message =
                format!("the program is {}, but on {} it is {}", odd.value, odd.holders, odd.usual);
            let Some(it) = programs.iter().find(|it| std::ptr::eq(it.variant, odd.variant)) else {
                continue;
            };
            let finding = RULE.of_path(it.variant.platform, it.path.as_str(), message);
            findings.push(finding.with_values(odd.usual, odd.value));
        }
    }
    findings
}

/// Where a program has its C library from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Libc {
    /// It has all that it needs in itself, at fixed addresses or not.
    Inside,
    Glibc,
    Musl,
    /// Of a loader that is neither's.
    Other,
}

impl Libc {
    /// Nothing can be said of what is no program.
    fn new(facts: &ElfFacts) -> Option<Self> {
        match facts.linkage {
            Linkage::Static | Linkage::StaticPie => Some(Self::Inside),
            Linkage::Dynamic => {
                let loader = facts.interpreter.as_deref()?.rsplit('/').next()?;
                Some(if loader.starts_with("ld-musl-") {
                    Self::Musl
                } else if loader.starts_with("ld-linux")
                    || matches!(loader, "ld64.so.1" | "ld64.so.2" | "ld.so.1")
                {
                    Self::Glibc
                } else {
                    Self::Other
                })
            }
            Linkage::Shared | Linkage::Unlinked => None,
        }
    }
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inside => "static",
            Self::Glibc => "linked dynamically with glibc",
            Self::Musl => "linked dynamically with musl",
            Self::Other => "linked dynamically with another C library",
        })
    }
}
