//! `$TARGETARCH` where no `ARG TARGETARCH` was before it in the stage: it is empty there.

use std::collections::BTreeSet;

use super::study::{BUILD, Site, Study, TARGET};
use crate::check::{Finding, Rule};
use crate::dockerfile::{Script, StepKind, Text, references};

pub(super) fn check(study: &Study<'_>) -> Vec<Finding> {
    let mut said = BTreeSet::new();
    let mut findings = Vec::new();
    for site in study.sites() {
        for (name, place) in read(study, &site) {
            let is_known = study.scopes(&site).all(|(_, scope)| scope.contains_key(&name));
            if !is_known && said.insert((site.number, name.clone())) {
                findings.push(finding(study, &site, &name, place));
            }
        }
    }
    findings
}

fn finding(study: &Study<'_>, site: &Site<'_>, name: &str, place: usize) -> Finding {
    let stage = &study.file.stages[site.number];
    let is_declared = |it: &crate::dockerfile::Step| matches!(&it.kind, StepKind::Arg(list) if list.iter().any(|it| it.name == name));
    let why = if stage.steps.iter().any(is_declared) {
        format!("`ARG {name}` comes only later")
    } else if study.file.globals.iter().any(|it| it.name == name) {
        format!("`ARG {name}` before the first FROM is for FROM lines alone")
    } else {
        format!("the stage has no `ARG {name}`")
    };
    let message = format!("{name} is empty in {}: {why}", stage.title());
    let finding = study.finding(Rule::PlatformArgOutOfScope, place, message);
    finding.with_mended(format!("ARG {name}"))
}

/// The predefined variables that a step reads, with their places.
fn read(study: &Study<'_>, site: &Site<'_>) -> Vec<(String, usize)> {
    let escape = study.file.escape;
    let mut found = Vec::new();
    let mut look = |text: &Text| {
        let list = references(text.as_str(), escape);
        found.extend(list.into_iter().map(|it| (it.name, text.place_of(it.start))));
    };
    match &site.step.kind {
        StepKind::Expanded(text) | StepKind::Workdir(text) => look(text),
        StepKind::Env(list) => list.iter().for_each(|it| look(&it.value)),
        StepKind::Arg(list) => {
            // `ARG TARGETARCH=${TARGETARCH:-amd64}` is the default's fault.
            let others = list.iter().filter(|it| !is_predefined(&it.name));
            others.filter_map(|it| it.default.as_ref()).for_each(&mut look);
        }
        StepKind::Copy(copy) => {
            look(&copy.words);
            copy.documents.iter().filter(|it| it.expands).for_each(|it| look(&it.body));
        }
        StepKind::Run(run) => {
            run.mounts.iter().flat_map(|it| &it.options).for_each(|(_, value)| look(value));
        }
        _ => {}
    }
    if let Some(script) = study.script(site) {
        found.extend(read_by_script(script));
    }
    found.retain(|(name, _)| is_predefined(name));
    found
}

fn is_predefined(name: &str) -> bool {
    TARGET.contains(&name) || BUILD.contains(&name)
}

fn read_by_script(script: &Script) -> Vec<(String, usize)> {
    let of_word = |it: &crate::dockerfile::ShellWord| {
        let place = it.place;
        let list = references(&it.raw, '\\').into_iter();
        list.map(move |it| (it.name, place + it.start)).collect::<Vec<_>>()
    };
    let mut found: Vec<(String, usize)> = script.words.iter().flat_map(of_word).collect();
    found.retain(|(name, _)| !script.assigned.contains(name));
    found.sort_by_key(|it| it.1);
    found
}
