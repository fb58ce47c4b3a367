//! Cache mounts that all platforms write to, and that hold what differs between them.

use std::collections::BTreeMap;

use crate::dockerfile::{Mount, Scope, StepKind, ValueGiver, expand, references};
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::caches::{Danger, User, danger};
use crate::rules::analysis::dockerfile::{Analysis, NeededStep};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::CacheMountShared,
    group: Group::Dockerfile,
    severity: Severity::Warning,
    summary: "All platforms share a build cache whose contents differ by platform.",
    page: include_str!("../../../pages/CacheMountShared.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for step in analysis.steps() {
        let StepKind::Run(run) = step.kind else { continue };
        if analysis.platforms(step.stage).len() < 2 {
            continue;
        }
        let user = User::new(analysis, &step);
        findings.extend(run.mounts.iter().filter_map(|it| mount(analysis, &step, &user, it)));
    }
    findings
}

fn mount(
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    user: &User<'_>,
    mount: &Mount,
) -> Option<Finding> {
    let sharers = sharers(analysis, step, mount);
    if sharers.is_empty() {
        return None;
    }
    let Danger { path, why, severity } = danger(user, mount)?;
    let who = if sharers.len() == analysis.platforms(step.stage).len() {
        "all platforms".to_owned()
    } else {
        list(&sharers)
    };
    let message = format!("{who} share the cache {path}: {why}");
    let finding = RULE.of_byte(analysis, mount.start, message);
    let finding = finding.with_severity(severity);
    let id = path.trim_start_matches('/').replace('/', "-");
    Some(finding.with_suggestion(format!("--mount={},id={id}-$TARGETPLATFORM", written(mount))))
}

/// The mount as it is written, without an id.
fn written(mount: &Mount) -> String {
    let options = mount.options.iter().filter(|(key, _)| key != "id");
    let options = options.map(|(key, value)| {
        if value.as_str().is_empty() { key.clone() } else { format!("{key}={}", value.as_str()) }
    });
    options.collect::<Vec<_>>().join(",")
}

/// The platforms that share a cache with others: those for which its id comes to the same.
fn sharers(analysis: &Analysis<'_>, step: &NeededStep<'_>, mount: &Mount) -> Vec<Platform> {
    let name = mount.option(&["id"]).or_else(|| mount.option(&["target", "dst", "destination"]));
    let Some(name) = name else { return Vec::new() };
    let mut by_id: BTreeMap<String, Vec<Platform>> = BTreeMap::new();
    for (platform, scope) in analysis.scopes(step) {
        match id(analysis, name.as_str(), scope) {
            Some(id) => by_id.entry(id).or_default().push(platform),
            // Somebody else says what it comes to.
            None => return Vec::new(),
        }
    }
    let shared = by_id.into_values().filter(|it| it.len() > 1);
    let mut all: Vec<Platform> = shared.flatten().collect();
    all.sort();
    all
}

/// What the id of a cache comes to; nothing where that is not known.
fn id(analysis: &Analysis<'_>, text: &str, scope: &Scope) -> Option<String> {
    let value = |name: &str| scope.get(name).filter(|it| it.giver != ValueGiver::Unknown);
    let found = references(text, analysis.file.escape);
    if !found.iter().all(|it| value(&it.name).is_some()) {
        return None;
    }
    let get = |name: &str| value(name).map(|it| it.text.clone());
    expand(text, analysis.file.escape, &get).ok().map(|it| it.value)
}
