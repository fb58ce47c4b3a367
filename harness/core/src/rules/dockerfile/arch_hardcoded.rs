//! One architecture that is hard-coded where each platform needs its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::dockerfile::{
    Base, EvaluatedStage, Output, Pin, RunCommand, Script, ShellCommand, ShellWord, StepKind, Text,
    references,
};
use crate::elf::Machine;
use crate::knowledge::names::{machines, unmistakable};
use crate::knowledge::tools::{COMPILER_SETTINGS, Role, TRANSLATORS, is_a};
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::written::{
    What, blank_substitutions, is_exempt, is_of_architecture, is_telling, named_in, severity,
    spelled,
};
use crate::rules::analysis::dockerfile::{
    Analysis, NeededStep, depends_on_architecture, get, is_download,
};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

mod branch;
#[cfg(test)]
pub(in crate::rules) mod cases;
mod variables;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ArchHardcoded,
    group: Group::Dockerfile,
    severity: Severity::Warning,
    summary: "One architecture is hard-coded where each platform needs its own.",
    page: include_str!("../../../pages/ArchHardcoded.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = bases(analysis).collect();
    for step in analysis.steps() {
        findings.extend(images(&step).filter_map(|it| text(analysis, &step, it, What::Base)));
        match step.kind {
            StepKind::Env(list) => {
                let told = list.iter().filter(|it| is_telling(&it.name, it.value.as_str()));
                // What is for another system is in no image's own program.
                let told = told.filter(|_| !is_for_other_system(analysis, &step, &[]));
                for it in told {
                    let what = What::of_setting(&it.name);
                    findings.extend(text(analysis, &step, &it.value, what));
                }
            }
            StepKind::Arg(list) => {
                let told = list.iter().filter(|it| COMPILER_SETTINGS.contains(&it.name.as_str()));
                let defaults = told.filter_map(|it| it.default.as_ref());
                findings.extend(defaults.filter_map(|it| text(analysis, &step, it, What::Setting)));
            }
            StepKind::Copy(_) if gathers(analysis, step.stage) => {}
            StepKind::Copy(copy) => {
                let sources = copy.sources.iter().filter(|it| !is_plain_text(it.as_str()));
                findings.extend(sources.filter_map(|it| {
                    let is_url = it.as_str().contains("://");
                    text(analysis, &step, it, if is_url { What::Download } else { What::File })
                }));
            }
            _ => {}
        }
    }
    let habits = Habits::of_stages(analysis);
    for (step, _, script) in analysis.scripts() {
        let Some(habits) = habits.get(&step.stage).filter(|it| !it.translates) else { continue };
        let gathers = gathers_in(script);
        for command in script.commands.iter().filter(|it| !gathers || depends_on_architecture(it)) {
            findings.extend(of_command(analysis, &step, habits, command));
        }
    }
    findings.extend(variables::find(&RULE, analysis));
    findings
}

/// The images that a step takes files from; stages have names of their own.
fn images<'a>(step: &NeededStep<'a>) -> impl Iterator<Item = &'a Text> {
    let (copied, mounted) = match step.kind {
        StepKind::Copy(copy) => (copy.from.as_ref(), None),
        StepKind::Run(run) => (None, Some(run.mounts.iter().filter_map(|it| it.option(&["from"])))),
        _ => (None, None),
    };
    let is_image = |it: &&Text| it.as_str().contains('/');
    copied.into_iter().chain(mounted.into_iter().flatten()).filter(is_image)
}

/// Whether a file is read by people or package managers, and executed by nobody.
fn is_plain_text(path: &str) -> bool {
    let endings = [
        "txt", "md", "json", "yml", "yaml", "toml", "list", "conf", "patch", "asc", "gpg", "key",
        "pem",
    ];
    path.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}

/// Whether a stage takes in files of several architectures, for others to choose from.
fn gathers(analysis: &Analysis<'_>, number: usize) -> bool {
    let sources =
        analysis.file.stages[number].steps.iter().filter_map(|it| match &it.done().kind {
            StepKind::Copy(copy) => Some(&copy.sources),
            _ => None,
        });
    let named: BTreeSet<Machine> = sources.flatten().flat_map(|it| machines(it.as_str())).collect();
    named.len() > 1
}

/// An architecture in a text, where the platforms need others.
struct Written {
    word: String,
    /// Where it stands in the text, in bytes.
    at: usize,
    others: Vec<Platform>,
}

/// Finds the one architecture that a text names, if platforms of others get it too.
fn written(analysis: &Analysis<'_>, number: usize, text: &str, what: What) -> Option<Written> {
    // What a variable or a substitution contributes is its own matter.
    let lower = blank_substitutions(text).to_ascii_lowercase();
    let mut named = named_in(&lower).into_iter();
    // Who names several knows that there are several.
    let machine = named.next().filter(|_| named.next().is_none())?;
    let others: Vec<Platform> = analysis
        .platforms(number)
        .into_iter()
        .filter(|it| it.elf_target().machine != machine)
        .collect();
    // `FROM --platform=linux/amd64` is for one architecture by itself, which another rule tells.
    let is_pinned_to = |it: &EvaluatedStage| {
        it.pin == Pin::Constant && it.platform.is_some_and(|it| it.elf_target().machine == machine)
    };
    // What it makes for other platforms is wrong all the same.
    let is_for_all = what == What::Compiled && analysis.is_published_from(number);
    if others.is_empty()
        || is_exempt(&lower)
        || analysis.uses(number).all(|(_, it)| is_pinned_to(it)) && !is_for_all
        || is_of_architecture(analysis, number, machine)
    {
        return None;
    }
    let (word, at) = spelled(&lower, machine)?;
    Some(Written { word: text[at..at + word.len()].to_owned(), at, others })
}

fn bases<'a>(analysis: &'a Analysis<'_>) -> impl Iterator<Item = Finding> + 'a {
    analysis.stages().filter_map(|(number, stage)| {
        let (_, first) = analysis.uses(number).next()?;
        let Base::Image(image) = &first.base else { return None };
        // Variables are the user's to set.
        if !references(stage.base.as_str(), analysis.file.escape).is_empty()
            || first.pin != Pin::Target
        {
            return None;
        }
        let found = written(analysis, number, image, What::Base)?;
        Some(finding(
            analysis,
            &found,
            stage.base.start() + found.at,
            What::Base,
            Severity::Warning,
        ))
    })
}

fn text(
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    text: &Text,
    what: What,
) -> Option<Finding> {
    let found = written(analysis, step.stage, text.as_str(), what)?;
    let severity = severity(analysis, step.stage, what)?;
    Some(finding(analysis, &found, text.place_of(found.at), what, severity))
}

fn finding(
    analysis: &Analysis<'_>,
    found: &Written,
    place: usize,
    what: What,
    severity: Severity,
) -> Finding {
    let word = &found.word;
    let text = match what {
        What::Compiled => format!("the compiler target is hard-coded to {word}"),
        What::Download => format!("the download is for {word} only"),
        What::Package => format!("the package is for {word} only"),
        What::File => format!("the file is for {word} only"),
        What::Setting => format!("the variable names {word} only"),
        What::Base => format!("the image is for {word} only"),
    };
    let message = match severity {
        Severity::Note => format!("{text}, which is right only if the build machine is one"),
        _ => format!("{text}; {} {} it too", list(&found.others), get(&found.others)),
    };
    let finding = RULE.of_byte(analysis, place, message).with_severity(severity);
    finding.with_suggestion(suggestion(analysis, found, place, what))
}

/// The line with the builder's word for what is written, where that is all that it needs.
fn suggestion(
    analysis: &Analysis<'_>,
    found: &Written,
    place: usize,
    what: What,
) -> Option<String> {
    let Written { word, others, .. } = found;
    if what == What::Base {
        // Official images of one architecture are those of all without its name.
        return analysis.suggestion(place, &format!("{word}/"), "");
    }
    let variable = "${TARGETARCH}";
    let line = analysis.line_with(place, word, variable)?;
    // Single quotes keep it as it is.
    let is_quoted = analysis.file.line(place).contains('\'');
    // Beside the word, a name of the machine may stand that goes by another list.
    let names_others = machines(&line.replace(variable, ""))
        .iter()
        .any(|it| Platform::ALL.iter().any(|at| at.elf_target().machine == *it));
    // Debian and most who publish files call some otherwise.
    let is_called_so = |it: &Platform| {
        what == What::Compiled || it.facts().debian.contains(&it.architecture_name())
    };
    let is_all = is_builders_word(word) && others.iter().all(is_called_so);
    (is_all && !is_quoted && !names_others).then_some(line)
}

/// Whether TARGETARCH would say the same.
fn is_builders_word(word: &str) -> bool {
    Platform::ALL.iter().any(|it| it.architecture_name() == word)
}

fn of_command(
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    habits: &Habits,
    command: &ShellCommand,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if depends_on_architecture(command) {
        findings.extend(branch::contradiction(&RULE, analysis, step, command));
        return findings;
    }
    let words = &command.words;
    let whats: Vec<Option<What>> =
        (0..words.len()).map(|position| what_of(command, position)).collect();
    let said = words.iter().zip(&whats).filter(|(_, what)| what.is_some());
    let said: BTreeSet<Machine> =
        said.flat_map(|(it, _)| unmistakable(&it.raw)).map(|it| it.1).collect();
    // Who names several knows that there are several.
    if said.len() > 1 {
        return findings;
    }
    let is_compiled_elsewhere = habits.compiled_for.len() > 1
        || is_for_other_system(analysis, step, &command.assignments)
        || compiles_nothing(command);
    if !is_compiled_elsewhere {
        let told = command.assignments.iter();
        let told = told.filter(|it| COMPILER_SETTINGS.contains(&it.0.as_str()));
        findings.extend(told.filter_map(|(_, it)| word(analysis, step, it, What::Compiled)));
    }
    for (argument, what) in words.iter().zip(whats) {
        let Some(what) = what else { continue };
        if what == What::Compiled && is_compiled_elsewhere {
            continue;
        }
        if what == What::Package && habits.has_foreign_packages {
            continue;
        }
        findings.extend(word(analysis, step, argument, what));
    }
    findings
}

fn word(
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    word: &ShellWord,
    what: What,
) -> Option<Finding> {
    let found = written(analysis, step.stage, &word.raw, what)?;
    let severity = severity(analysis, step.stage, what)?;
    Some(finding(analysis, &found, word.place + found.at, what, severity))
}

/// What a word of a command is for; nothing where an architecture in it proves nothing.
fn what_of(command: &ShellCommand, position: usize) -> Option<What> {
    let text = || command.words[position].unquoted();
    match command.name() {
        name if is_a(name, Role::AssignsVariables) => {
            let text = text();
            let (setting, _) = text.split_once('=')?;
            COMPILER_SETTINGS.contains(&setting).then_some(What::Compiled)
        }
        name if is_a(name, Role::Downloads) || is_a(name, Role::DownloadsFromStore) => {
            (text().contains("://") && !is_plain_text(&text())).then_some(What::Download)
        }
        name if is_a(name, Role::InstallsForSystem) || is_a(name, Role::Installs) => {
            (position > 1 && !text().starts_with("/var/")).then_some(What::Package)
        }
        name if is_a(name, Role::TakesTarget) => {
            let flag = ["--target", "-target", "-r", "--runtime", "-a", "--arch", "--platforms"];
            let previous = position.checked_sub(1).map(|it| command.words[it].unquoted());
            let is_flagged = previous.is_some_and(|it| flag.contains(&it.as_str()));
            let is_flag = text().split_once('=').is_some_and(|(it, _)| flag.contains(&it));
            (is_flagged || is_flag).then_some(What::Compiled)
        }
        "make" => (text().split_once('=').is_some_and(|(name, _)| is_make_setting(name)))
            .then_some(What::Compiled),
        _ => None,
    }
}

/// Whether it is a command of Go that leaves no program behind.
fn compiles_nothing(command: &ShellCommand) -> bool {
    let verb = command.arguments().next().map(ShellWord::unquoted).unwrap_or_default();
    let verbs = ["env", "fmt", "generate", "get", "list", "mod", "run", "test", "tool", "vet"];
    command.name() == "go" && verbs.contains(&verb.as_str())
}

/// Whether a compiler is told of another system than Linux, by a command or the environment.
fn is_for_other_system(
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    assignments: &[(String, ShellWord)],
) -> bool {
    let is_other = |it: &str| !it.is_empty() && !it.contains('$') && it != "linux";
    let own = assignments.iter().find(|(name, _)| name == "GOOS");
    if let Some((_, value)) = own {
        return is_other(&value.unquoted());
    }
    analysis
        .uses(step.stage)
        .all(|(_, stage)| stage.after(step.number).get("GOOS").is_some_and(|it| is_other(&it.text)))
}

/// Whether a script fetches files of several architectures into files, to choose from. What is
/// unpacked at once is not chosen any more.
fn gathers_in(script: &Script) -> bool {
    let named = |it: &ShellCommand| -> BTreeSet<Machine> {
        let addresses = it.words.iter().filter(|word| word.raw.contains("://"));
        addresses.flat_map(|word| unmistakable(&word.raw)).map(|it| it.1).collect()
    };
    // What is fetched for one of them alone has been chosen.
    let is_unguarded = |it: &&ShellCommand| is_download(it) && !depends_on_architecture(it);
    let downloads = script.commands.iter().filter(is_unguarded).map(|it| (it, named(it)));
    // What is for no architecture may go on to another command.
    let downloads: Vec<_> = downloads.filter(|(_, named)| !named.is_empty()).collect();
    let machines: BTreeSet<&Machine> = downloads.iter().flat_map(|it| &it.1).collect();
    machines.len() > 1 && downloads.iter().all(|it| it.0.output != Output::Piped)
}

/// What the scripts of a stage do about architectures, as a whole.
#[derive(Default)]
struct Habits {
    /// The machines that its commands compile for, as far as they are written: who names several has
    /// others choose.
    compiled_for: BTreeSet<Machine>,
    /// Whether it has packages of another architecture on purpose.
    has_foreign_packages: bool,
    /// Whether what it fetches for one architecture is translated, and so for all.
    translates: bool,
}

impl Habits {
    fn of_stages(analysis: &Analysis<'_>) -> BTreeMap<usize, Self> {
        let mut all: BTreeMap<usize, Self> = BTreeMap::new();
        for (step, run, script) in analysis.scripts() {
            let habits = all.entry(step.stage).or_default();
            habits.translates |= matches!(&run.command, RunCommand::Script(text)
                if TRANSLATORS.iter().any(|it| text.as_str().contains(it)));
            for command in &script.commands {
                habits.note(command);
            }
        }
        all
    }

    fn note(&mut self, command: &ShellCommand) {
        let settings = command.assignments.iter();
        let settings = settings.filter(|it| COMPILER_SETTINGS.contains(&it.0.as_str()));
        let flags = command.words.iter().enumerate();
        let flags = flags.filter(|(at, _)| what_of(command, *at) == Some(What::Compiled));
        let told = settings.map(|it| &it.1).chain(flags.map(|it| it.1));
        self.compiled_for.extend(told.flat_map(|it| machines(&it.raw)));
        let mut words = command.words.iter();
        self.has_foreign_packages |= words.any(|it| it.raw.starts_with("--add-architecture"));
    }
}

fn is_make_setting(name: &str) -> bool {
    matches!(name, "GOARCH" | "ARCH" | "TARGETARCH" | "TARGET")
}
