//! What is demanded of a variant that was not run.

use super::super::{Finding, Rule, Severity};
use super::RunExpectation;
use crate::evidence::image::Variant;
use crate::evidence::run::NotRun;

/// The demanded texts, none of which was printed. Whoever wants no run demands nothing of it, and a
/// variant that was out of time is blocked.
pub(super) fn check(
    variant: &Variant,
    why: &NotRun,
    expectation: &RunExpectation,
    known: &[Finding],
) -> Vec<Finding> {
    let cause = match why {
        NotRun::Unwanted | NotRun::OutOfTime { .. } => return Vec::new(),
        NotRun::NoCommand => None,
        NotRun::Unstartable { .. } => {
            let of_platform = |it: &&Finding| it.platform == Some(variant.platform);
            let mut known = known.iter().filter(of_platform);
            known.find(|it| keeps_from_running(it)).map(|it| it.rule)
        }
    };
    let missing = expectation.stdout.iter().map(|text| {
        let message = format!("`{text}` was not printed, because nothing was run: {why}");
        let finding = Finding::of_platform(Rule::RunOutputMissing, variant.platform, message);
        Finding { consequence_of: cause, ..finding }
    });
    missing.collect()
}

/// Whether a finding says why a variant cannot be started.
pub(crate) fn keeps_from_running(finding: &Finding) -> bool {
    let is_of_start = matches!(
        finding.rule,
        Rule::LayersEmpty
            | Rule::UserMissing
            | Rule::EntrypointMissing
            | Rule::EntrypointNotExecutable
            | Rule::EntrypointShebang
            | Rule::EntrypointShellMissing
            | Rule::ExecutableForeignFormat
            | Rule::ElfMalformed
    );
    is_of_start && finding.severity == Severity::Error
}
