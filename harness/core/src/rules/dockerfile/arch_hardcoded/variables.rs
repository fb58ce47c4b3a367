//! One architecture in a variable by which downloads are named, or the builder's own in place of the
//! target's.

use std::collections::BTreeSet;

use crate::dockerfile::{
    Pin, Script, ShellCommand, ShellWord, StepKind, Text, ValueGiver, references,
};
use crate::elf::Machine;
use crate::knowledge::names::{machines, unmistakable};
use crate::knowledge::tools::COMPILER_SETTINGS;
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::written::{
    What, blank_substitutions, is_exempt, is_of_architecture, is_telling, severity,
};
use crate::rules::analysis::dockerfile::{
    Analysis, NeededStep, TARGET, depends_on_architecture, get, is_download, is_predefined,
};
use crate::rules::definition::Definition;
use crate::rules::finding::Finding;
use crate::rules::severity::Severity;
use crate::sentence::list;

pub(super) fn find(rule: &Definition, analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings = arguments(rule, analysis);
    for step in analysis.steps() {
        if let StepKind::Env(list) = step.kind {
            findings.extend(
                list.iter()
                    .filter_map(|it| environment(rule, analysis, &step, &it.name, &it.value)),
            );
        }
        if let StepKind::Copy(copy) = step.kind {
            findings.extend(copy.sources.iter().filter_map(|it| {
                of_builder(rule, analysis, &step, it.as_str(), |at| it.place_of(at), What::File)
            }));
        }
    }
    for (step, _, script) in analysis.scripts() {
        for command in script.commands.iter().filter(|it| !depends_on_architecture(it)) {
            findings.extend(assigned(rule, analysis, &step, script, command));
            findings.extend(addresses(command).filter_map(|it| {
                of_builder(rule, analysis, &step, &it.raw, |at| it.place + at, What::Download)
            }));
        }
    }
    findings
}

/// The words of a download.
fn addresses(command: &ShellCommand) -> impl Iterator<Item = &ShellWord> {
    let words = if is_download(command) { command.words.as_slice() } else { &[] };
    words.iter()
}

/// The one machine that a value names, if it is a name or an address of something for it.
fn machine_of(value: &str) -> Option<Machine> {
    // What a substitution contributes is chosen.
    let value = &blank_substitutions(value);
    let certain: BTreeSet<Machine> = unmistakable(value).iter().map(|it| it.1).collect();
    // By x86 many mean amd64.
    let is_word = !value.contains(['/', '.', ':', '-', '$']) && value.trim() != "x86";
    let named =
        if certain.is_empty() && is_word { machines(value).into_iter().collect() } else { certain };
    let mut named = named.into_iter();
    named.next().filter(|_| named.next().is_none() && !is_exempt(&value.to_lowercase()))
}

/// An `ENV` that nobody can set otherwise.
fn environment(
    rule: &Definition,
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    name: &str,
    value: &Text,
) -> Option<Finding> {
    let text = value.as_str().trim_matches(['"', '\'']);
    let machine = machine_of(text)?;
    let others = others(analysis, step, machine);
    // Paths and the like are judged as such.
    if others.is_empty()
        || is_settled(analysis, name)
        || is_telling(name, text)
        || given(analysis, name).len() > 1
        || is_of_architecture(analysis, step.stage, machine)
        || !names_download(analysis, name, text)
    {
        return None;
    }
    downloaded(rule, analysis, step, (name, text), &others, value.start())
}

/// A variable of a script that is given one value.
fn assigned(
    rule: &Definition,
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    script: &Script,
    command: &ShellCommand,
) -> Option<Finding> {
    let (name, value) = command.assignments.iter().find(|_| command.words.is_empty())?;
    let text = value.unquoted();
    let machine = machine_of(&text)?;
    let others = others(analysis, step, machine);
    let mut assignments = script.commands.iter().flat_map(|it| &it.assignments);
    let is_only = assignments.by_ref().filter(|it| it.0 == *name).count() == 1;
    let is_named = |it: &ShellWord| {
        (it.raw.contains("://") || text.contains("://")) && mentions(&it.raw, name)
    };
    let mut downloads = script.commands.iter().filter(|it| !depends_on_architecture(it));
    if others.is_empty()
        || !is_only
        || is_settled(analysis, name)
        || is_of_architecture(analysis, step.stage, machine)
        || !downloads.any(|it| addresses(it).any(is_named))
    {
        return None;
    }
    downloaded(rule, analysis, step, (name, &text), &others, value.place)
}

/// A variable that names one architecture's download for all.
fn downloaded(
    rule: &Definition,
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    (name, value): (&str, &str),
    others: &[Platform],
    place: usize,
) -> Option<Finding> {
    let severity = severity(analysis, step.stage, What::Download)?;
    let message =
        format!("{name} is {value}, and so is a download; {} {} it too", list(others), get(others));
    Some(rule.of_byte(analysis, place, message).with_severity(severity))
}

/// What is for the platform that builds, in a stage that is executed on the target.
fn of_builder(
    rule: &Definition,
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    text: &str,
    place: impl Fn(usize) -> usize,
    what: What,
) -> Option<Finding> {
    const NAMES: [&str; 2] = ["BUILDARCH", "BUILDPLATFORM"];
    let found = references(text, analysis.file.escape);
    let read = found.iter().find(|it| NAMES.contains(&it.name.as_str()))?;
    // Both together choose a program of the one for the other.
    let is_alone = !found.iter().any(|it| TARGET.contains(&it.name.as_str()));
    let is_builders = analysis
        .scopes(step)
        .all(|(_, scope)| scope.get(&read.name).is_some_and(|it| it.giver == ValueGiver::Builder));
    let is_of_target = analysis.uses(step.stage).all(|(_, it)| it.pin == Pin::Target);
    let others = others(analysis, step, analysis.recipe.build.elf_target().machine);
    if !is_alone || !is_builders || !is_of_target || others.is_empty() {
        return None;
    }
    let what = if what == What::Download { "the download" } else { "the file" };
    let name = &read.name;
    let message = format!(
        "{what} is for the build platform ({name}); {} {} it too",
        list(&others),
        get(&others)
    );
    let place = place(read.start + text[read.start..].find(name.as_str()).unwrap_or(0));
    let finding = rule.of_byte(analysis, place, message);
    Some(finding.with_suggestion(analysis.suggestion(place, "BUILD", "TARGET")))
}

/// Whether a variable is another rule's, or the user has set it.
fn is_settled(analysis: &Analysis<'_>, name: &str) -> bool {
    is_predefined(name)
        || COMPILER_SETTINGS.contains(&name)
        || analysis.recipe.args.contains_key(name)
}

/// The platforms of a stage that are of other machines.
fn others(analysis: &Analysis<'_>, step: &NeededStep<'_>, machine: Machine) -> Vec<Platform> {
    let platforms = analysis.platforms(step.stage).into_iter();
    platforms.filter(|it| it.elf_target().machine != machine).collect()
}

/// Arguments whose default is one architecture, and which a download is named by: who builds for
/// several platforms at once gives them all the same.
fn arguments(rule: &Definition, analysis: &Analysis<'_>) -> Vec<Finding> {
    let of_stages = analysis.steps().filter_map(|step| match step.kind {
        StepKind::Arg(list) => Some(list),
        _ => None,
    });
    let declared = analysis.file.globals.iter().chain(of_stages.flatten());
    let mut findings = Vec::new();
    for it in declared {
        let Some(default) = &it.default else { continue };
        let value = default.as_str().trim_matches(['"', '\'']);
        let Some(machine) = machine_of(value) else { continue };
        let platforms = analysis.recipe.platforms.iter().copied();
        let others: Vec<Platform> =
            platforms.filter(|it| it.elf_target().machine != machine).collect();
        // The same argument of other stages, or of a stage that is named for it, is a choice.
        let is_chosen =
            given(analysis, &it.name).len() > 1 || is_in_stage_of(analysis, it.start, machine);
        if is_settled(analysis, &it.name)
            || is_chosen
            || others.is_empty()
            || !names_download(analysis, &it.name, value)
        {
            continue;
        }
        let message = format!(
            "the argument {} is {value}, and so is a download; {} {} it too if built at the same time",
            it.name,
            list(&others),
            get(&others)
        );
        let finding = rule.of_byte(analysis, it.start, message);
        findings.push(finding.with_severity(Severity::Note));
    }
    findings
}

/// The machines that the values of a variable name, wherever it is given one.
fn given(analysis: &Analysis<'_>, name: &str) -> BTreeSet<Machine> {
    let steps = analysis.file.stages.iter().flat_map(|it| &it.steps);
    let of_steps = steps.flat_map(|it| match &it.done().kind {
        StepKind::Arg(list) => {
            list.iter().filter_map(|it| Some((&it.name, it.default.as_ref()?))).collect()
        }
        StepKind::Env(list) => list.iter().map(|it| (&it.name, &it.value)).collect(),
        _ => Vec::new(),
    });
    let globals =
        analysis.file.globals.iter().filter_map(|it| Some((&it.name, it.default.as_ref()?)));
    let values = globals.chain(of_steps).filter(|it| it.0 == name).map(|it| it.1);
    values.flat_map(|it| machines(it.as_str())).collect()
}

/// Whether a byte of the file stands in a stage that is for one architecture by its name.
fn is_in_stage_of(analysis: &Analysis<'_>, byte: usize, machine: Machine) -> bool {
    let number = analysis.file.stages.iter().rposition(|it| it.start <= byte);
    number.is_some_and(|it| is_of_architecture(analysis, it, machine))
}

fn mentions(text: &str, name: &str) -> bool {
    references(text, '\\').iter().any(|it| it.name == name)
}

/// Whether the address of a download, wherever it is built, has a variable in it.
fn names_download(analysis: &Analysis<'_>, name: &str, value: &str) -> bool {
    let is_address =
        |text: &str| (text.contains("://") || value.contains("://")) && mentions(text, name);
    let in_copy = analysis.steps().any(|step| match step.kind {
        StepKind::Copy(copy) => copy.sources.iter().any(|it| is_address(it.as_str())),
        _ => false,
    });
    let in_script = analysis.scripts().any(|(_, _, script)| {
        let mut commands = script.commands.iter().filter(|it| !depends_on_architecture(it));
        !script.assigned.contains(name)
            && commands.any(|command| addresses(command).any(|it| is_address(&it.raw)))
    });
    in_copy || in_script
}
