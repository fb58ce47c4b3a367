//! Steps that are executed once for each platform, and need not be.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::build::{BuildStep, BuildTrace, Execution, Lines, Manner};
use crate::expectation::TraceExpectation;
use crate::oci::Digest;
use crate::rules::build::{brief, location};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::BuildStepNotShared,
    group: Group::Build,
    severity: Severity::Warning,
    summary: "A build step runs once per platform although one run would do.",
    page: include_str!("../../../pages/BuildStepNotShared.md"),
    needs: Needs::Build,
    check: Check::Build(check),
};

fn check(trace: &BuildTrace, expectation: &TraceExpectation) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    for part in &expectation.shared {
        let steps: Vec<&BuildStep> = trace.steps.iter().filter(|it| is_meant(it, part)).collect();
        if steps.is_empty() {
            let message = format!(
                "`{part}` is expected to run once for all platforms, but no build step contains it"
            );
            findings
                .push(RULE.at(location(trace, None, &[]), message).with_severity(Severity::Error));
        }
        for (place, group) in by_instruction(&steps) {
            if group.len() > 1 && told.insert(place) {
                let message =
                    format!("{}, but is expected to run once for all platforms", what(&group));
                let location = location(trace, place.0, &[]);
                findings.push(RULE.at(location, message).with_severity(Severity::Error));
            }
        }
    }
    for group in alike(trace) {
        let place = place(group[0]);
        if told.insert(place) {
            let message = format!(
                "{}, with the same result each time; declare the platform `ARG` after it",
                what(&group)
            );
            findings.push(RULE.at(location(trace, place.0, &[]), message));
        }
    }
    findings
}

/// Whether a step's instruction has such a part, however its words are spaced.
fn is_meant(step: &BuildStep, part: &str) -> bool {
    let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced(&step.instruction).contains(&spaced(part))
}

/// What tells instructions apart.
type Instruction<'a> = (Option<Lines>, &'a str, &'a str);

fn place(step: &BuildStep) -> Instruction<'_> {
    (step.lines, &step.stage, &step.instruction)
}

fn by_instruction<'a>(steps: &[&'a BuildStep]) -> BTreeMap<Instruction<'a>, Vec<&'a BuildStep>> {
    let mut groups: BTreeMap<_, Vec<&BuildStep>> = BTreeMap::new();
    for step in steps {
        groups.entry(place(step)).or_default().push(step);
    }
    groups
}

/// Steps of one instruction that the engine's processor executed several times to the same effect.
fn alike(trace: &BuildTrace) -> Vec<Vec<&BuildStep>> {
    let mut groups: BTreeMap<(Instruction<'_>, Digest), Vec<&BuildStep>> = BTreeMap::new();
    for step in &trace.steps {
        let is_native = |it: &&Execution| matches!(it.manner, Manner::Native | Manner::Cross);
        if let Some(execution) = step.execution().filter(is_native) {
            groups.entry((place(step), execution.likeness)).or_default().push(step);
        }
    }
    groups.into_values().filter(|it| it.len() > 1).collect()
}

fn what(group: &[&BuildStep]) -> String {
    let platforms: BTreeSet<String> =
        group.iter().flat_map(|it| &it.platforms).map(ToString::to_string).collect();
    let platforms: Vec<String> = platforms.into_iter().collect();
    let instruction = brief(&group[0].instruction);
    format!("`{instruction}` runs {} times, for {}", group.len(), platforms.join(", "))
}
