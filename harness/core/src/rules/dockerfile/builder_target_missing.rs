//! A compiler that runs on the build platform and compiles for that alone, or for newer processors
//! than all platforms have.

use crate::arch::{Architecture, ArmVersion};
use crate::dockerfile::{EvaluatedStage, Pin, Script, ShellCommand, ShellWord, references};
use crate::knowledge::tools::{OWN_TARGET, Role, is_a};
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::compilers::Work;
use crate::rules::analysis::dockerfile::{Analysis, NeededStep, TARGET, get, is_own_file};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::BuilderTargetMissing,
    group: Group::Dockerfile,
    severity: Severity::Warning,
    summary: "A compiler on the build platform is not told which platform to compile for.",
    page: include_str!("../../../pages/BuilderTargetMissing.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let numbers = || analysis.stages().map(|(number, _)| number);
    let untold = numbers().filter_map(|number| untold(analysis, number));
    untold.chain(numbers().filter_map(|number| unversioned(analysis, number))).collect()
}

/// A compiler whose results are published, and which is executed on one platform for all, in a stage
/// that nowhere speaks of the target.
fn untold(analysis: &Analysis<'_>, number: usize) -> Option<Finding> {
    let misses = |(target, stage): (Platform, &EvaluatedStage)| {
        stage.platform.is_some_and(|it| it != target).then_some(target)
    };
    let others: Vec<Platform> = analysis.uses(number).filter_map(misses).collect();
    let (_, stage) = analysis.uses(number).next()?;
    let on = match stage.pin {
        Pin::Build => "the build platform".to_owned(),
        Pin::Constant => stage.platform?.to_string(),
        Pin::Target | Pin::Argument => return None,
    };
    if others.is_empty() || !analysis.is_published_from(number) {
        return None;
    }
    let work = Work::new(analysis, &[number]);
    if work.knows_target() || speaks_of_target(analysis, number) {
        return None;
    }
    let (command, (name, verb)) = work.commands.iter().find_map(|command| {
        let first = command.arguments().next()?.unquoted();
        let own =
            OWN_TARGET.iter().find(|(name, verb)| *name == command.name() && *verb == first)?;
        (!is_executed(&work, command)).then_some((command, own))
    })?;
    let place = command.head()?.place;
    let message = format!(
        "`{name} {verb}` compiles for {on}, and {} {} the same program",
        list(&others),
        get(&others)
    );
    let finding = RULE.of_byte(analysis, place, message);
    let told = (*name == "go").then_some("GOOS=$TARGETOS GOARCH=$TARGETARCH go");
    Some(finding.with_suggestion(told.and_then(|it| analysis.suggestion(place, "go", it))))
}

/// Whether what a command compiles is executed by the build itself, as generators are.
fn is_executed(work: &Work<'_>, command: &ShellCommand) -> bool {
    let words: Vec<String> = command.arguments().map(ShellWord::unquoted).collect();
    let output = words.windows(2).find(|it| it[0] == "-o").map(|it| it[1].as_str());
    let Some(output) = output.map(|it| it.trim_start_matches("./")) else { return false };
    work.commands
        .iter()
        .filter_map(|it| it.head())
        .any(|it| it.unquoted().trim_start_matches("./") == output)
}

fn is_native(analysis: &Analysis<'_>, number: usize) -> bool {
    analysis.uses(number).all(|(_, it)| it.pin == Pin::Build)
}

/// A native Go compiler that is told `GOARCH` by the builder and `GOARM` by nobody.
fn unversioned(analysis: &Analysis<'_>, number: usize) -> Option<Finding> {
    let is_older = |it: &Platform| {
        matches!(it.architecture(), Architecture::Arm(ArmVersion::V5 | ArmVersion::V6))
    };
    let older: Vec<Platform> = analysis.platforms(number).into_iter().filter(is_older).collect();
    // Whoever names it anywhere has thought of it.
    if older.is_empty()
        || analysis.recipe.text.contains("GOARM")
        || !is_native(analysis, number)
        || !analysis.is_published_from(number)
        || analysis.root_image(number).as_deref().is_some_and(is_before_armv7)
    {
        return None;
    }
    let work = Work::new(analysis, &[number]);
    if work.commands.iter().any(|it| is_own_file(it) || may_set_variables(it.name())) {
        return None;
    }
    let place = analysis.scripts().filter(|(step, ..)| step.stage == number).find_map(
        |(step, _, script)| {
            let told = |it: &&ShellCommand| is_told_target(analysis, &step, script, it);
            script.commands.iter().find(told)?.head().map(|it| it.place)
        },
    )?;
    let message = format!("without GOARM, `go build` targets ARMv7; {} needs less", list(&older));
    let finding = RULE.of_byte(analysis, place, message);
    Some(match analysis.suggestion(place, "go", "GOARM=${TARGETVARIANT#v} go") {
        Some(line) => finding.with_suggestion(line),
        None => finding,
    })
}

/// Whether a command compiles Go for what the builder says.
fn is_told_target(
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    script: &Script,
    command: &ShellCommand,
) -> bool {
    let is_builders =
        |raw: &str| references(raw, '\\').iter().any(|it| TARGET.contains(&it.name.as_str()));
    let is_setting = |it: &(String, ShellWord)| it.0 == "GOARCH" && is_builders(&it.1.raw);
    let exports = |it: &ShellCommand| {
        it.name() == "export"
            && it.words.iter().any(|it| it.raw.starts_with("GOARCH=") && is_builders(&it.raw))
    };
    let is_in_environment = || {
        analysis.scopes(step).any(|(platform, scope)| {
            platform.architecture_name() == "arm"
                && scope.get("GOARCH").is_some_and(|it| it.text == "arm")
        })
    };
    let first = command.arguments().next().map(ShellWord::unquoted).unwrap_or_default();
    command.name() == "go"
        && matches!(first.as_str(), "build" | "install")
        && (command.assignments.iter().any(is_setting)
            || script.commands.iter().any(exports)
            || is_in_environment())
}

/// Whether a command may set variables, or compile for what it knows of itself.
fn may_set_variables(name: &str) -> bool {
    name.starts_with("xx-") || is_a(name, Role::SetsVariables) || is_a(name, Role::BuildsGo)
}

/// Whether an image has a Go that takes ARMv5 for what is meant where nobody says it, as it did
/// before 1.21. Source: [golang/go#62475](https://github.com/golang/go/issues/62475).
fn is_before_armv7(image: &str) -> bool {
    let minor = image.rsplit_once("golang:1.").map_or("", |(_, it)| it);
    let digits = minor.split(|it: char| !it.is_ascii_digit()).next().unwrap_or_default();
    digits.parse::<u32>().is_ok_and(|it| it < 21)
}

/// Whether a stage, or one that it is built on, has any of the builder's words about the target's
/// architecture.
fn speaks_of_target(analysis: &Analysis<'_>, number: usize) -> bool {
    let last = analysis.file.stages[number].steps.len();
    let is_declared = |it: &EvaluatedStage| {
        it.scope(last).keys().any(|name| TARGET.contains(&name.as_str()) && !is_about_system(name))
    };
    let of_stage = || analysis.scripts().filter(|(step, ..)| step.stage == number);
    analysis.uses(number).any(|(_, it)| is_declared(it))
        || of_stage().flat_map(|(_, _, script)| &script.words).any(|it| {
            // Names of others may stand for it too.
            it.raw.replace("TARGETOS", "").contains("TARGET")
        })
}

fn is_about_system(name: &str) -> bool {
    name.starts_with("TARGETOS")
}
