//! How the steps of a build are executed: once for several platforms, natively, or under emulation.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, ChangeKind, Pair};
use crate::evidence::build::{BuildStep, BuildTrace, Manner, Provenance, Work, seconds};
use crate::platform::Platform;
use crate::rules::Severity;
use crate::text::{line, shortened};

/// The letters of an instruction that are shown.
const SHOWN: usize = 80;

/// How a step is executed for a platform.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Shared,
    Native,
    Cross,
    Emulated,
    Unknown,
}

pub(super) fn compare(pair: &Pair<'_>) -> Vec<Change> {
    let (Provenance::Built(old), Provenance::Built(new)) =
        (&pair.old.provenance, &pair.new.provenance)
    else {
        return Vec::new();
    };
    let platforms: Vec<Platform> = pair.common.iter().map(|it| it.platform).collect();
    let mut changes = Vec::new();
    for (old, new) in counterparts(old, new) {
        let took = took(&old, &new);
        let moved = platforms.iter().filter_map(|it| moved(&old, &new, *it));
        changes.extend(moved.map(|it| it.with_details(took.clone())));
    }
    changes
}

/// The steps of one instruction, whatever the number of its executions.
type Instruction<'a> = Vec<&'a BuildStep>;

/// The instructions of the two builds that are the same: by stage and text, and where the text changed,
/// those that remain of a stage in their order.
fn counterparts<'a>(
    old: &'a BuildTrace,
    new: &'a BuildTrace,
) -> Vec<(Instruction<'a>, Instruction<'a>)> {
    let (mut old, mut new) = (instructions(old), instructions(new));
    let mut pairs = Vec::new();
    let stages: BTreeSet<&str> = old.keys().filter(|it| new.contains_key(*it)).copied().collect();
    for stage in stages {
        let (Some(mut old), Some(mut new)) = (old.remove(stage), new.remove(stage)) else {
            continue;
        };
        old.retain(|(text, steps)| {
            let same = new.iter().position(|it| it.0 == *text);
            let Some(same) = same else { return true };
            pairs.push((steps.clone(), new.remove(same).1));
            false
        });
        if old.len() == new.len() {
            pairs.extend(old.into_iter().map(|it| it.1).zip(new.into_iter().map(|it| it.1)));
        }
    }
    pairs
}

/// The instructions that execute something, by stage, in the order of the Dockerfile.
fn instructions(trace: &BuildTrace) -> BTreeMap<&str, Vec<(&str, Instruction<'_>)>> {
    let mut stages: BTreeMap<&str, Vec<(&str, Instruction<'_>)>> = BTreeMap::new();
    let executions = trace.steps.iter().filter(|it| matches!(it.work, Work::Execution(_)));
    for step in executions {
        let stage = stages.entry(&step.stage).or_default();
        match stage.iter_mut().find(|it| it.0 == step.instruction) {
            Some((_, steps)) => steps.push(step),
            None => stage.push((&step.instruction, vec![step])),
        }
    }
    stages
}

fn moved(old: &[&BuildStep], new: &[&BuildStep], platform: Platform) -> Option<Change> {
    let of =
        |steps: &[&BuildStep]| way(steps.iter().find(|it| it.platforms.contains(&platform))?);
    let (was, is) = (of(old)?, of(new)?);
    if !is_change(was, is) {
        return None;
    }
    let instruction = line(&new.first()?.instruction);
    let instruction = shortened(&instruction, SHOWN);
    let message = format!("`{instruction}` is {} now; before, it was {}", word(is), word(was));
    let severity = if is == Way::Emulated { Severity::Error } else { Severity::Note };
    Some(Change::new(ChangeKind::BuildStep, platform, message).with_severity(severity))
}

/// How long all executions of an instruction took, where both builds executed all of them.
fn took(old: &[&BuildStep], new: &[&BuildStep]) -> Vec<String> {
    let total = |steps: &[&BuildStep]| -> Option<u64> {
        steps.iter().map(|it| it.span().map(|it| it.duration_ms)).sum()
    };
    let times = total(old).zip(total(new));
    let told = times.map(|(old, new)| {
        format!("its executions took {} now; before, {}", seconds(new), seconds(old))
    });
    told.into_iter().collect()
}

/// Whether it is worth telling. One platform less makes the step of two that of one.
fn is_change(was: Way, is: Way) -> bool {
    let is_native = |it| matches!(it, Way::Native | Way::Cross | Way::Shared);
    was != is && !(is_native(was) && is_native(is)) && was != Way::Unknown && is != Way::Unknown
}

fn way(step: &BuildStep) -> Option<Way> {
    Some(match step.execution()?.manner {
        Manner::Emulated => Way::Emulated,
        Manner::Unknown => Way::Unknown,
        Manner::Native if step.is_shared() => Way::Shared,
        Manner::Native => Way::Native,
        Manner::Cross => Way::Cross,
    })
}

const fn word(way: Way) -> &'static str {
    match way {
        Way::Shared => "shared with other platforms",
        Way::Native => "executed natively",
        Way::Cross => "cross-compiled",
        Way::Emulated => "executed under emulation",
        Way::Unknown => "executed natively or under emulation",
    }
}
