//! `ARG TARGETARCH=amd64`: a default that overrides the value that BuildKit sets.

use crate::dockerfile::{
    Declaration, Evaluated, Run, RunCommand, Scope, ShellCommand, Stage, Step, StepKind, Text,
    Value, ValueGiver, references,
};
use crate::knowledge::tools::{Role, is_a};
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::{Analysis, BUILD, NeededStep, is_own_file, is_predefined};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::PlatformArgShadowed,
    group: Group::Dockerfile,
    severity: Severity::Error,
    summary: "A default on a platform `ARG` overrides the value that BuildKit sets.",
    page: include_str!("../../../pages/PlatformArgShadowed.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        analysis.file.globals.iter().filter_map(|it| global(analysis, it)).collect();
    for step in analysis.steps() {
        match step.kind {
            StepKind::Arg(declarations) => {
                for it in declarations.iter().filter(|it| it.default.is_some()) {
                    let subject = Subject { name: &it.name, start: it.start, instruction: "ARG" };
                    findings.extend(local(analysis, &step, &subject));
                }
            }
            StepKind::Env(assignments) => {
                for it in assignments {
                    let subject = Subject { name: &it.name, start: it.start, instruction: "ENV" };
                    findings.extend(local(analysis, &step, &subject));
                }
            }
            _ => {}
        }
    }
    findings
}

/// A variable that is given a value.
struct Subject<'a> {
    name: &'a str,
    start: usize,
    instruction: &'static str,
}

impl Subject<'_> {
    /// The finding, for platforms that get another value than they should.
    fn finding(&self, analysis: &Analysis<'_>, wrong: &[(Platform, &Value)]) -> Option<Finding> {
        let (_, value) = wrong.first()?;
        let Self { name, start, instruction } = self;
        let platforms: Vec<Platform> = wrong.iter().map(|it| it.0).collect();
        let message = format!(
            "{instruction} sets {name} to `{}` and overrides BuildKit's own value, which is wrong for {}",
            value.text,
            list(&platforms)
        );
        let finding = RULE.of_byte(analysis, *start, message);
        // The platform that builds is most often the one that the default names.
        let severity = if BUILD.contains(name) { Severity::Warning } else { Severity::Error };
        let finding = finding.with_severity(severity);
        Some(finding.with_suggestion(self.suggestion(analysis)))
    }

    /// The declaration by itself, unless there are others in its line.
    fn suggestion(&self, analysis: &Analysis<'_>) -> Option<String> {
        let line = analysis.file.line(self.start);
        let is_alone = line.matches('=').count() < 2 && !line.trim_end().ends_with('\\');
        is_alone.then(|| format!("ARG {}", self.name))
    }
}

/// Whether the Dockerfile itself gives a variable another value than the builder.
fn wrong<'a>(evaluated: &Evaluated, scope: &'a Scope, name: &str) -> Option<&'a Value> {
    let value = scope.get(name)?;
    let is_of_file = matches!(value.giver, ValueGiver::Default | ValueGiver::Env);
    // Who empties the variant wants none.
    let is_of_file = is_of_file && !(name == "TARGETVARIANT" && value.text.is_empty());
    (is_of_file && evaluated.predefined.get(name) != Some(&value.text)).then_some(value)
}

/// A declaration before the first `FROM`: it counts where a `FROM` or a stage takes it up.
fn global(analysis: &Analysis<'_>, declaration: &Declaration) -> Option<Finding> {
    let name = declaration.name.as_str();
    if !is_predefined(name) || declaration.default.is_none() || !is_taken_up(analysis, name) {
        return None;
    }
    let found: Vec<(Platform, &Value)> = analysis
        .evaluated
        .iter()
        .filter_map(|it| Some((it.platform, wrong(it, &it.globals, name)?)))
        .collect();
    Subject { name, start: declaration.start, instruction: "ARG" }.finding(analysis, &found)
}

fn is_taken_up(analysis: &Analysis<'_>, name: &str) -> bool {
    let mentions = |text: &Text| {
        references(text.as_str(), analysis.file.escape).iter().any(|it| it.name == name)
    };
    let in_from =
        |(_, it): (usize, &Stage)| mentions(&it.base) || it.platform.as_ref().is_some_and(mentions);
    let in_stage = |it: NeededStep<'_>| {
        matches!(it.kind, StepKind::Arg(list)
            if list.iter().any(|it| it.name == name && it.default.is_none()))
    };
    analysis.stages().any(in_from) || analysis.steps().any(in_stage)
}

/// A declaration in a stage. It counts where something after it reads it, or may.
fn local(analysis: &Analysis<'_>, step: &NeededStep<'_>, subject: &Subject<'_>) -> Option<Finding> {
    if !is_predefined(subject.name) {
        return None;
    }
    let reading = reading_after(analysis, step, subject.name);
    if reading == Reading::Never {
        return None;
    }
    let needing = analysis.evaluated.iter().filter(|it| it.needed.contains(&step.stage));
    let found: Vec<(Platform, &Value)> = needing
        .filter_map(|it| {
            let scope = it.stages[step.stage].after(step.number);
            Some((it.platform, wrong(it, scope, subject.name)?))
        })
        .collect();
    let finding = subject.finding(analysis, &found)?;
    Some(match reading {
        Reading::Named => finding,
        _ => finding.with_severity(Severity::Note),
    })
}

/// Whether a variable is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reading {
    /// Nothing does.
    Never,
    /// It is in the environment of programs that nobody knows.
    Maybe,
    /// It is named.
    Named,
}

/// Whether a command executes what the project has written for its builds, or a program of
/// [xx](https://github.com/tonistiigi/xx), which reads these variables.
fn runs_build(command: &ShellCommand) -> bool {
    let name = command.name();
    is_own_file(command) || is_a(name, Role::RunsProject) || name.starts_with("xx-")
}

/// What a `RUN` does with a variable: programs find it in their environment.
fn reading_of_run(
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    run: &Run,
    name: &str,
) -> Reading {
    match &run.command {
        RunCommand::Words(_) => Reading::Never,
        RunCommand::Foreign => Reading::Maybe,
        RunCommand::Script(text) if text.as_str().contains(name) => Reading::Named,
        RunCommand::Script(_) => {
            let Some(script) = analysis.script(step) else { return Reading::Maybe };
            let mut commands = script.commands.iter();
            if script.commands.iter().any(runs_build) {
                Reading::Named
            } else if commands.all(|it| is_a(it.name(), Role::IgnoresVariables)) {
                Reading::Never
            } else {
                Reading::Maybe
            }
        }
    }
}

fn reading_after(analysis: &Analysis<'_>, step: &NeededStep<'_>, name: &str) -> Reading {
    let mentions = |text: &Text| {
        references(text.as_str(), analysis.file.escape).iter().any(|it| it.name == name)
    };
    let is_child =
        |it: &NeededStep<'_>| analysis.uses(it.stage).any(|(_, it)| it.is_built_on(step.stage));
    let is_after = |it: &NeededStep<'_>| it.stage == step.stage && it.number > step.number;
    // Declared anew, it has the builder's value again.
    let declares = |it: &Step| matches!(&it.kind, StepKind::Arg(list) if list.iter().any(|it| it.name == name));
    let is_over = |it: &NeededStep<'_>| {
        let own = &analysis.file.stages[step.stage].steps;
        let own = if it.stage == step.stage { &own[..it.number] } else { own };
        let child = &analysis.file.stages[it.stage].steps[..it.number];
        own[step.number + 1..].iter().any(declares)
            || it.stage != step.stage && child.iter().any(declares)
    };
    let after =
        analysis.steps().filter(|it| is_after(it) || is_child(it)).filter(|it| !is_over(it));
    let readings = after.map(|it| {
        let is_named = match it.kind {
            StepKind::Run(run) => return reading_of_run(analysis, &it, run, name),
            StepKind::Expanded(text) | StepKind::Workdir(text) => mentions(text),
            StepKind::Copy(copy) => mentions(&copy.words),
            StepKind::Env(list) => list.iter().any(|it| mentions(&it.value)),
            StepKind::Arg(list) => list.iter().any(|it| it.default.as_ref().is_some_and(mentions)),
            _ => false,
        };
        if is_named { Reading::Named } else { Reading::Never }
    });
    readings.max().unwrap_or(Reading::Never)
}
