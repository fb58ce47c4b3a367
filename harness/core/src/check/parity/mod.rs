//! Whether all platforms got the same: what differs from the others, of one platform.

mod build_info;
mod data;
mod files;
mod identical;
mod linkage;
mod neutral;
mod output;
mod own;
mod packages;
mod started;
mod usual;

pub(super) use neutral::line as neutral_line;
pub use output::Parity;

use std::collections::{BTreeMap, BTreeSet};

use super::{Expectations, Finding, Rule};
use crate::evidence::Evidence;
use crate::evidence::image::Variant;
use crate::platform::Platform;

/// `known` are all other findings: what they say of a file is not said again.
pub(super) fn check(
    evidence: &Evidence,
    expectations: &Expectations,
    known: &[Finding],
) -> Vec<Finding> {
    // Variants without files, or twice for one platform, are the index's defect.
    let mut of_platform: BTreeMap<Platform, Vec<&Variant>> = BTreeMap::new();
    for variant in &evidence.image.variants {
        of_platform.entry(variant.platform).or_default().push(variant);
    }
    let single = of_platform.values().filter(|it| it.len() == 1).flatten();
    let variants: Vec<&Variant> = single.copied().filter(|it| !it.files.is_empty()).collect();
    if variants.len() < 2 {
        return Vec::new();
    }
    let mut findings = build_info::check(&variants, &expectations.arguments);
    findings.extend(packages::check(&variants));
    findings.extend(linkage::check(&variants, &expectations.arguments));
    findings.extend(identical::check(&variants, &expectations.arguments));
    findings.extend(files::check(&variants, known));
    findings.extend(data::check(&variants));
    findings.extend(output::check(&variants, evidence, &expectations.run, known));
    let wrong = known.iter().filter(|it| makes_incomparable(it.rule));
    let wrong: BTreeSet<_> = wrong.map(|it| (it.platform, &it.path)).collect();
    findings.retain(|it| it.path.is_none() || !wrong.contains(&(it.platform, &it.path)));
    findings
}

/// A file that is missing, or another file than it should be, differs for that reason.
const fn makes_incomparable(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::ElfMachineMismatch
            | Rule::ElfMalformed
            | Rule::ExecutableForeignFormat
            | Rule::InterpreterMismatch
            | Rule::EntrypointMissing
            | Rule::EntrypointNotExecutable
            | Rule::EntrypointShebang
            | Rule::EntrypointShellMissing
    )
}
