//! `FROM --platform=X stage`: the platform of the earlier stage wins.

use crate::dockerfile::{Base, Stage, StagePlatform};
use crate::rules::analysis::dockerfile::Analysis;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::StagePlatformIgnored,
    group: Group::Dockerfile,
    severity: Severity::Warning,
    summary: "`--platform` has no effect because FROM names an earlier stage.",
    page: include_str!("../../../pages/StagePlatformIgnored.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    analysis.stages().filter_map(|(number, stage)| ignored(analysis, number, stage)).collect()
}

fn ignored(analysis: &Analysis<'_>, number: usize, stage: &Stage) -> Option<Finding> {
    let ignored = analysis.uses(number).find_map(|(target, it)| match (&it.base, &it.stated) {
        (Base::Stage(base), StagePlatform::Stated(stated)) => {
            let actual = it.platform.filter(|platform| platform != stated)?;
            Some((target, *base, *stated, actual))
        }
        _ => None,
    });
    let (target, base, stated, actual) = ignored?;
    let base = analysis.file.stages[base].title();
    let message =
        format!("--platform has no effect here: for {target}, {base} is {actual}, not {stated}");
    Some(RULE.of_byte(analysis, stage.start, message))
}
