//! A compiler that could run on the build platform, and is emulated for all others.

use crate::dockerfile::{Base, EvaluatedStage, Pin, Text, references};
use crate::evidence::build::Manner;
use crate::knowledge::tools::{Effort, LANGUAGES};
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::compilers::Work;
use crate::rules::analysis::dockerfile::{Analysis, is_predefined};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::BuilderNotNative,
    group: Group::Dockerfile,
    severity: Severity::Warning,
    summary: "A compiler that can cross-compile runs under emulation.",
    page: include_str!("../../../pages/BuilderNotNative.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    analysis.stages().filter_map(|(number, _)| emulated(analysis, number)).collect()
}

fn emulated(analysis: &Analysis<'_>, number: usize) -> Option<Finding> {
    let stage = &analysis.file.stages[number];
    let is_foreign = |it: &Platform| is_emulated_on(analysis.recipe.build, *it);
    let others: Vec<Platform> = analysis.platforms(number).into_iter().filter(is_foreign).collect();
    let is_ours = |it: &EvaluatedStage| it.pin == Pin::Target && matches!(it.base, Base::Image(_));
    if others.is_empty() || !analysis.uses(number).all(|(_, it)| is_ours(it)) {
        return None;
    }
    let (_, first) = analysis.uses(number).next()?;
    let Base::Image(image) = &first.base else { return None };
    let language = LANGUAGES.iter().find(|it| it.has_image(image))?;
    // What is published must be of its platform.
    let is_published = analysis.evaluated.iter().any(|stages| {
        stages.target.is_some_and(|target| stages.chain(target).any(|it| it == number))
    });
    let is_derived = |it: &usize| {
        analysis.evaluated.iter().any(|stages| stages.chain(*it).any(|it| it == number))
    };
    let derived: Vec<usize> = analysis.stages().map(|it| it.0).filter(is_derived).collect();
    let work = Work::new(analysis, &derived);
    if is_published
        || is_built_one_by_one(analysis)
        || !work.compiles(language.compilers)
        || work.needs_c(language.linked)
    {
        return None;
    }
    let (severity, where_emulated) = if has_machine_of_its_own(analysis) {
        (Severity::Note, "unless a machine of that platform builds it")
    } else {
        (severity_of(language.effort), "where one machine builds all platforms")
    };
    let message = format!(
        "{} compiles {} under emulation for {}, {where_emulated}; cross-compile on the build platform \
         instead",
        stage.title(),
        language.name,
        list(&others),
    );
    let finding = RULE.of_byte(analysis, stage.start, message);
    let finding = finding.with_severity(severity);
    let suggestion = format!("FROM --platform=$BUILDPLATFORM {}", stage.base.as_str());
    let name = if stage.name.is_empty() { String::new() } else { format!(" AS {}", stage.name) };
    Some(finding.with_suggestion(format!("{suggestion}{name}")))
}

fn is_emulated_on(machine: Platform, platform: Platform) -> bool {
    Manner::of(machine, platform, &[platform]) == Manner::Emulated
}

/// Whether one of the platforms executes all of them: then each machine may build for itself,
/// which the Dockerfile does not tell.
fn has_machine_of_its_own(analysis: &Analysis<'_>) -> bool {
    let all = &analysis.recipe.platforms;
    all.iter().any(|machine| all.iter().all(|it| !is_emulated_on(*machine, *it)))
}

/// Whether the published stage is chosen by an argument of the Dockerfile's own: then each
/// platform is a build of its own, whose compiler runs where it is started.
fn is_built_one_by_one(analysis: &Analysis<'_>) -> bool {
    let is_own = |name: &str| {
        let is_declared = analysis.file.globals.iter().any(|it| it.name == name);
        is_declared && !is_predefined(name)
    };
    let is_chosen = |text: &Text| {
        let found = references(text.as_str(), analysis.file.escape);
        found.iter().any(|it| is_own(&it.name) && it.name.contains("ARCH"))
    };
    analysis.evaluated.iter().filter_map(|it| it.target).any(|target| {
        let stage = &analysis.file.stages[target];
        is_chosen(&stage.base) || stage.platform.as_ref().is_some_and(is_chosen)
    })
}

/// Of a language that is cross-compiled with some effort, it is only worth a note.
fn severity_of(effort: Effort) -> Severity {
    match effort {
        Effort::None => Severity::Warning,
        Effort::Linker => Severity::Note,
    }
}
