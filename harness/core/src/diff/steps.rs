//! How the steps of a build are executed: once for several platforms, natively, or under emulation.

use super::change::{Change, ChangeKind};
use super::pair::Pair;
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

/// The instructions of the two builds that are the same.
fn counterparts<'a>(
    old: &'a BuildTrace,
    new: &'a BuildTrace,
) -> Vec<(Instruction<'a>, Instruction<'a>)> {
    let pairs = paired(stages(old), stages(new)).into_iter();
    pairs.flat_map(|(old, new)| paired(old, new)).collect()
}

/// What has the same name in both, and of what is left, if it is as many, each with the one in its place: it
/// has been renamed.
fn paired<'a, T>(old: Vec<(&'a str, T)>, mut new: Vec<(&'a str, T)>) -> Vec<(T, T)> {
    let (mut pairs, mut rest) = (Vec::new(), Vec::new());
    for (name, of_old) in old {
        match new.iter().position(|it| it.0 == name) {
            Some(same) => pairs.push((of_old, new.remove(same).1)),
            None => rest.push(of_old),
        }
    }
    if rest.len() == new.len() {
        pairs.extend(rest.into_iter().zip(new.into_iter().map(|it| it.1)));
    }
    pairs
}

/// The instructions that execute something, each with its text.
type Stage<'a> = Vec<(&'a str, Instruction<'a>)>;

/// The stages that execute something, each with its name, in the order of the Dockerfile.
fn stages(trace: &BuildTrace) -> Vec<(&str, Stage<'_>)> {
    let mut stages: Vec<(&str, Stage<'_>)> = Vec::new();
    let executions = trace.steps.iter().filter(|it| matches!(it.work, Work::Execution(_)));
    for step in executions {
        let instructions = entry(&mut stages, &step.stage);
        entry(instructions, &step.instruction).push(step);
    }
    stages
}

/// What stands under a name, which is added where it is not there yet.
fn entry<'s, 'a, T: Default>(all: &'s mut Vec<(&'a str, T)>, name: &'a str) -> &'s mut T {
    let at = all.iter().position(|it| it.0 == name).unwrap_or_else(|| {
        all.push((name, T::default()));
        all.len() - 1
    });
    &mut all[at].1
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
    was != is && !(is_native(was) && is_native(is))
}

/// Nothing where it is not known.
fn way(step: &BuildStep) -> Option<Way> {
    Some(match step.execution()?.manner {
        Manner::Unknown => return None,
        Manner::Emulated => Way::Emulated,
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
    }
}
