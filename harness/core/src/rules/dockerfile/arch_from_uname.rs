//! `uname -m`: the kernel's machine, which need not be the platform's.

use crate::arch::Host;
use crate::dockerfile::{
    Choice, Output, Pin, Script, Selection, ShellCommand, ShellWord, references,
};
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
    rule: Rule::ArchFromUname,
    group: Group::Dockerfile,
    severity: Severity::Warning,
    summary: "The architecture is taken from `uname`, which reports the build machine's kernel.",
    page: include_str!("../../../pages/ArchFromUname.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (step, _, script) in analysis.scripts() {
        // Where the build's own machine is asked for, its kernel knows.
        if analysis.uses(step.stage).any(|(_, it)| it.pin != Pin::Target) {
            continue;
        }
        let platforms = analysis.platforms(step.stage);
        let wrong: Vec<Platform> = platforms.into_iter().filter(|it| is_misnamed(*it)).collect();
        // Of 64-bit platforms the kernel tells the truth.
        if analysis.recipe.selection == Selection::Named && wrong.is_empty() {
            continue;
        }
        let others = Platform::ALL.into_iter().filter(|it| is_misnamed(*it));
        let in_danger = if wrong.is_empty() { others.collect() } else { wrong.clone() };
        let is_wrong = |it: &&ShellCommand| asks_kernel(it) && matters(script, it, &in_danger);
        let asks = script.commands.iter().find(is_wrong);
        let knows = script.words.iter().any(|it| it.raw.contains("--print-arch"));
        findings.extend(asks.map(|command| {
            let finding = finding(analysis, &wrong, command);
            // Who asks the distribution as well has thought of 32-bit platforms.
            if knows { finding.with_severity(Severity::Note) } else { finding }
        }));
    }
    findings
}

/// Whether `uname -m` prints another architecture on the machines that usually run a platform.
fn is_misnamed(platform: Platform) -> bool {
    platform.facts().host != Host::Own
}

/// `uname -m`, also among other letters, and `arch`, which is the same.
fn asks_kernel(command: &ShellCommand) -> bool {
    match command.name() {
        "uname" => command.arguments().any(|it| {
            let word = it.unquoted();
            word == "--machine"
                || word.starts_with('-')
                    && !word.starts_with("--")
                    && word.contains(['m', 'p', 'i'])
        }),
        "arch" => command.words.len() == 1,
        _ => false,
    }
}

/// Whether anything else is done for what a 64-bit kernel says than for the platform's own word.
fn matters(script: &Script, command: &ShellCommand, in_danger: &[Platform]) -> bool {
    match command.output {
        Output::Shown => false,
        Output::Filed | Output::Piped => true,
        Output::Substituted => {
            let answer = Answer::new(script, command);
            script.words.iter().any(|it| !in_danger.iter().all(|at| answer.is_alike(it, *at)))
        }
    }
}

/// What a command says, where it is in a word.
struct Answer<'a> {
    script: &'a Script,
    /// Such a word.
    written: [String; 2],
    /// The variables that have it.
    names: Vec<&'a str>,
}

impl<'a> Answer<'a> {
    fn new(script: &'a Script, command: &ShellCommand) -> Self {
        let words = words(command);
        let written = [format!("$({words})"), format!("`{words}`")];
        let assignments = || script.commands.iter().flat_map(|it| &it.assignments);
        let given = assignments().filter(|it| written.contains(&it.1.unquoted()));
        let names = given.map(|it| it.0.as_str()).collect();
        Self { script, written, names }
    }

    /// Whether a word has nothing to do with the answer, hands it on, is only shown, or goes the
    /// same way for both.
    fn is_alike(&self, word: &ShellWord, platform: Platform) -> bool {
        let is_asking = self.written.iter().any(|it| word.raw.contains(it));
        let is_naming =
            references(&word.raw, '\\').iter().any(|it| self.names.contains(&it.name.as_str()));
        // Before a command an assignment is for that command.
        let is_given = |it: &ShellCommand| {
            it.words.is_empty()
                && it.assignments.iter().any(|(name, value)| {
                    let value_of = word.raw.strip_prefix(name.as_str());
                    value_of.and_then(|it| it.strip_prefix('=')) == Some(value.raw.as_str())
                        && self.written.contains(&value.unquoted())
                })
                || it.only_shows() && it.words.contains(word)
        };
        let goes_alike = |choice: &Choice| {
            let Host::Wider { prints, own } = platform.facts().host else { return false };
            let way = |said: &str| choice.way(&|it| self.resolve(it, said));
            choice.looks_at(word) && way(prints).is_some() && way(prints) == way(own)
        };
        !is_asking && !is_naming && !self.is_exported(word)
            || self.script.commands.iter().any(is_given)
            || self.script.choices.iter().any(goes_alike)
    }

    /// Whether a word hands the answer to all commands that follow.
    fn is_exported(&self, word: &ShellWord) -> bool {
        let exports = |it: &ShellCommand| it.name() == "export" && it.words.contains(word);
        self.names.contains(&word.raw.as_str()) && self.script.commands.iter().any(exports)
    }

    /// What a word comes to if the command says something.
    fn resolve(&self, word: &ShellWord, said: &str) -> Option<String> {
        let text = word.unquoted();
        let name = text.strip_prefix('$').map(|it| it.trim_matches(['{', '}']));
        if self.written.contains(&text) || name.is_some_and(|it| self.names.contains(&it)) {
            return Some(said.to_owned());
        }
        (!text.contains(['$', '`'])).then_some(text)
    }
}

fn words(command: &ShellCommand) -> String {
    let words: Vec<String> = command.words.iter().map(ShellWord::unquoted).collect();
    words.join(" ")
}

fn finding(analysis: &Analysis<'_>, wrong: &[Platform], command: &ShellCommand) -> Finding {
    let (severity, who) = if wrong.is_empty() {
        (Severity::Note, "a 32-bit platform gets the name of the 64-bit kernel".to_owned())
    } else {
        (Severity::Warning, format!("{} may get the name of the 64-bit kernel", list(wrong)))
    };
    let words = words(command);
    let message = format!("`{words}` prints the kernel's architecture, not the platform's; {who}");
    let place = command.words.first().map_or(0, |it| it.place);
    RULE.of_byte(analysis, place, message).with_severity(severity)
}
