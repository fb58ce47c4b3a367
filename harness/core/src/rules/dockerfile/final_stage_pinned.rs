//! A published stage that is built from an image of another platform.

use crate::dockerfile::{Evaluated, Pin, StepKind};
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::Analysis;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::FinalStagePinned,
    group: Group::Dockerfile,
    severity: Severity::Error,
    summary: "The final stage always uses the same platform.",
    page: include_str!("../../../pages/FinalStagePinned.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    pinned(analysis).into_iter().collect()
}

fn pinned(analysis: &Analysis<'_>) -> Option<Finding> {
    let mut wrong: Vec<(Platform, Platform, usize)> = Vec::new();
    for evaluated in &analysis.evaluated {
        let Some(target) = evaluated.target else { continue };
        let stage = &evaluated.stages[target];
        // Who declares an argument of his own sets it, one build a platform.
        if stage.pin == Pin::Argument {
            continue;
        }
        if let Some(platform) = stage.platform.filter(|it| *it != evaluated.platform) {
            wrong.push((
                evaluated.platform,
                platform,
                evaluated.chain(target).last().unwrap_or(target),
            ));
        }
    }
    let (_, platform, number) = *wrong.first()?;
    if analysis
        .evaluated
        .iter()
        .filter_map(|it| Some(is_check(analysis, it, it.target?)))
        .all(|it| it)
    {
        return None;
    }
    let stage = &analysis.file.stages[number];
    let pin = analysis.evaluated[0].stages[number].pin;
    let why = match pin {
        Pin::Build => "the build platform",
        Pin::Target => "because --platform omits the variant",
        Pin::Constant | Pin::Argument => "a fixed platform",
    };
    let platforms: Vec<Platform> = wrong.iter().map(|it| it.0).collect();
    let message = format!("the final stage uses {platform}, {why}, for {} too", list(&platforms));
    let text = stage.platform.as_ref();
    let flag = text.map_or_else(String::new, |it| format!("--platform={} ", it.as_str()));
    let place = text.map_or(stage.start, |it| it.start().saturating_sub("--platform=".len()));
    let finding = RULE.of_byte(analysis, place, message);
    let is_data = analysis.root_image(number).as_deref().is_some_and(has_no_programs);
    let finding = if is_data { finding.with_severity(Severity::Note) } else { finding };
    Some(finding.with_suggestion(analysis.suggestion(place, &flag, "")))
}

/// Whether a stage with all that it is built on checks sources for the target, by
/// [xx](https://github.com/tonistiigi/xx), which only works where it is native, and has no command:
/// nobody publishes that.
fn is_check(analysis: &Analysis<'_>, evaluated: &Evaluated, number: usize) -> bool {
    let chain: Vec<usize> = evaluated.chain(number).collect();
    let steps = || chain.iter().flat_map(|it| &analysis.file.stages[*it].steps);
    let has_command = steps().any(|it| matches!(it.kind, StepKind::Verbatim));
    let mut scripts = analysis.scripts().filter(|it| chain.contains(&it.0.number));
    !has_command
        && scripts.any(|it| it.2.commands.iter().any(|command| command.name().starts_with("xx-")))
}

/// Whether an image is one of [distroless](https://github.com/GoogleContainerTools/distroless) that
/// holds certificates and the like, and nothing to execute.
fn has_no_programs(image: &str) -> bool {
    let name = image.split([':', '@']).next().unwrap_or(image);
    let name = name.rsplit_once("distroless/").map_or("", |(_, name)| name);
    name == "static" || name.starts_with("static-")
}
