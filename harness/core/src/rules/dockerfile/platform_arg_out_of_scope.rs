//! `$TARGETARCH` where no `ARG TARGETARCH` was before it in the stage: it is empty there.

use std::collections::BTreeMap;

use crate::dockerfile::{
    Evaluated, Mount, Pin, Reference, Scope, Script, ShellCommand, ShellWord, Step, StepKind, Text,
    expand, references,
};
use crate::knowledge::tools::{Role, is_a};
use crate::rules::analysis::dockerfile::caches::is_dangerous;
use crate::rules::analysis::dockerfile::{Analysis, NeededStep, is_own_file, is_predefined};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::PlatformArgOutOfScope,
    group: Group::Dockerfile,
    severity: Severity::Warning,
    summary: "A platform `ARG` is used in a stage that does not declare it, so it is empty.",
    page: include_str!("../../../pages/PlatformArgOutOfScope.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut worst: BTreeMap<(usize, String), (Weight, Finding)> = BTreeMap::new();
    for step in analysis.steps() {
        let reader = Reader { analysis, step };
        for read in reader.reads().into_iter().filter(|it| it.weight != Weight::Nothing) {
            let known = worst.get(&(step.stage, read.name.clone()));
            if known.is_none_or(|(weight, _)| *weight < read.weight) {
                let finding = finding(analysis, &step, &read);
                worst.insert((step.stage, read.name), (read.weight, finding));
            }
        }
    }
    worst.into_values().map(|it| it.1).collect()
}

fn finding(analysis: &Analysis<'_>, step: &NeededStep<'_>, read: &Read) -> Finding {
    let (stage, name) = (&analysis.file.stages[step.stage], &read.name);
    let is_declared = |it: &Step| matches!(&it.kind, StepKind::Arg(list) if list.iter().any(|it| it.name == *name));
    let why = if stage.steps.iter().any(is_declared) {
        format!("`ARG {name}` is declared only later")
    } else if analysis.file.globals.iter().any(|it| it.name == *name) {
        format!("`ARG {name}` before the first FROM applies to FROM lines only")
    } else {
        format!("the stage does not declare `ARG {name}`")
    };
    let message = format!("{name} is empty in {}: {why}", stage.title());
    let finding = RULE.of_byte(analysis, read.place, message);
    let finding = match read.weight {
        Weight::Felt => finding,
        _ => finding.with_severity(Severity::Note),
    };
    finding.with_suggestion(format!("ARG {name}"))
}

/// A place where an empty variable of the builder is read.
struct Read {
    name: String,
    place: usize,
    weight: Weight,
}

/// What it comes to that it is empty.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// The build is the same as with a value.
    Nothing,
    /// It may not matter: what the project has written for its build may have a way out.
    Unknown,
    /// Something else is built.
    Felt,
}

/// What a step is read with.
struct Reader<'a> {
    analysis: &'a Analysis<'a>,
    step: NeededStep<'a>,
}

impl Reader<'_> {
    /// Where the step reads predefined variables that it does not have.
    fn reads(&self) -> Vec<Read> {
        let mut found = Vec::new();
        let mut look = |text: &Text| found.extend(self.of_text(text));
        match self.step.kind {
            StepKind::Expanded(text) | StepKind::Workdir(text) => look(text),
            StepKind::Env(list) => list.iter().for_each(|it| look(&it.value)),
            StepKind::Arg(list) => {
                // `ARG TARGETARCH=${TARGETARCH:-amd64}` is the default's fault. What stands before
                // in the same line has its value, since version 1.8 of the syntax.
                let others = list.iter().enumerate().filter(|(_, it)| !is_predefined(&it.name));
                let declared = |at: usize, name: &str| list[..at].iter().any(|it| it.name == name);
                for (at, it) in others {
                    let reads = it.default.iter().flat_map(|it| self.of_text(it));
                    found.extend(reads.filter(|read| !declared(at, &read.name)));
                }
            }
            StepKind::Copy(copy) => {
                look(&copy.words);
                copy.documents.iter().filter(|it| it.expands).for_each(|it| look(&it.body));
            }
            StepKind::Run(run) => found.extend(run.mounts.iter().flat_map(|it| self.of_mount(it))),
            _ => {}
        }
        if let Some(script) = self.analysis.script(&self.step) {
            found.extend(script.words.iter().flat_map(|it| self.of_word(script, it)));
        }
        found.sort_by_key(|it| it.place);
        found
    }

    fn of_text(&self, text: &Text) -> Vec<Read> {
        let found = references(text.as_str(), self.analysis.file.escape).into_iter();
        let found = found.filter(|it| self.is_empty(&it.name));
        let read = |it: Reference| {
            let weight = if self.is_the_same(text.as_str(), self.analysis.file.escape) {
                Weight::Nothing
            } else {
                Weight::Felt
            };
            Read { name: it.name, place: text.place_of(it.start), weight }
        };
        found.map(read).collect()
    }

    /// The id of a cache without the platform matters where platforms must not share it.
    fn of_mount(&self, mount: &Mount) -> Vec<Read> {
        let mut found = Vec::new();
        for (key, value) in &mount.options {
            let mut reads = self.of_text(value);
            if key == "id" && !is_dangerous(self.analysis, &self.step, mount) {
                for read in &mut reads {
                    read.weight = read.weight.min(Weight::Unknown);
                }
            }
            found.append(&mut reads);
        }
        found
    }

    fn of_word(&self, script: &Script, word: &ShellWord) -> Vec<Read> {
        let found = references(&word.raw, '\\').into_iter();
        let found = found.filter(|it| !script.assigned.contains(&it.name));
        let found = found.filter(|it| self.is_empty(&it.name));
        // A word with a substitution in it has the words of that in it too.
        let is_inside = |inner: &ShellWord, place: usize| {
            inner.raw.len() < word.raw.len()
                && (inner.place..inner.place + inner.raw.len()).contains(&place)
        };
        let is_once = |it: &Reference| {
            let place = word.place + it.start;
            !is_substituted(&word.raw) || !script.words.iter().any(|it| is_inside(it, place))
        };
        let read = |it: Reference| {
            let weight = self.weight(script, word, &word.raw[it.start..]);
            Read { name: it.name, place: word.place + it.start, weight }
        };
        found.filter(is_once).map(read).collect()
    }

    /// What it comes to that a variable is empty in a word of a script. `rest` begins with it.
    fn weight(&self, script: &Script, word: &ShellWord, rest: &str) -> Weight {
        let user = script.commands.iter().find(|it| it.is_told(word));
        let mut choices = script.choices.iter().filter(|it| it.looks_at(word));
        let goes_alike = choices.any(|choice| {
            self.scopes().all(|it| {
                let way = choice.way(&|word| it.now(script, word));
                way.is_some() && way == choice.way(&|word| it.meant(script, word))
            })
        });
        if goes_alike
            || user.is_some_and(|it| it.only_shows() && !is_substituted(&word.raw))
            || self.is_the_same(&word.raw, '\\')
            || self.asks_the_machine(rest)
        {
            return Weight::Nothing;
        }
        // What is read into the shell may set it.
        let reads = |it: &ShellCommand| matches!(it.name(), "." | "source" | "eval");
        match user {
            _ if script.commands.iter().any(reads) => Weight::Unknown,
            Some(command) if self.may_not_matter(command) => Weight::Unknown,
            _ => Weight::Felt,
        }
    }

    /// Whether a command may do without a variable: the project's own, a shell, and in a native
    /// stage one of those that make scripts for the web, which are mostly the same for all.
    fn may_not_matter(&self, command: &ShellCommand) -> bool {
        let is_native = || self.analysis.uses(self.step.stage).all(|(_, it)| it.pin == Pin::Build);
        match command.name() {
            name if is_a(name, Role::IsShell) => true,
            name if is_a(name, Role::BuildsForWeb) => is_native(),
            _ => is_own_file(command),
        }
    }

    fn is_empty(&self, name: &str) -> bool {
        is_predefined(name) && !self.scopes().all(|it| it.scope.contains_key(name))
    }

    /// Whether a word comes to the same with and without a value, on each platform.
    fn is_the_same(&self, raw: &str, escape: char) -> bool {
        self.scopes().all(|it| {
            let now = expand(raw, escape, &|name| it.value(name));
            let meant = expand(raw, escape, &|name| it.value(name).or(it.meant_value(name)));
            now.is_ok_and(|now| meant.is_ok_and(|meant| meant.value == now.value))
        })
    }

    /// `${TARGETARCH:-$(dpkg --print-architecture)}`, where the machine is the target's.
    fn asks_the_machine(&self, rest: &str) -> bool {
        let fallback = rest.strip_prefix("${").and_then(|it| it.split_once('-'));
        let asks = fallback.is_some_and(|(name, fallback)| {
            let is_name = |it: char| it == '_' || it.is_ascii_alphanumeric();
            name.trim_end_matches(':').chars().all(is_name)
                && (fallback.starts_with("$(") || fallback.starts_with('`'))
        });
        asks && self.analysis.uses(self.step.stage).all(|(_, it)| it.pin == Pin::Target)
    }

    fn scopes(&self) -> impl Iterator<Item = Scoped<'_>> {
        let needing =
            self.analysis.evaluated.iter().filter(|it| it.needed.contains(&self.step.stage));
        needing.map(|evaluated| Scoped {
            evaluated,
            scope: evaluated.stages[self.step.stage].scope(self.step.number),
        })
    }
}

/// What is known before a step on one platform.
struct Scoped<'a> {
    evaluated: &'a Evaluated,
    scope: &'a Scope,
}

impl Scoped<'_> {
    fn value(&self, name: &str) -> Option<String> {
        self.scope.get(name).map(|it| it.text.clone())
    }

    /// The value that a predefined variable was meant to have.
    fn meant_value(&self, name: &str) -> Option<String> {
        self.evaluated.predefined.get(name).cloned()
    }

    /// What a word comes to.
    fn now(&self, script: &Script, word: &ShellWord) -> Option<String> {
        let empty = |name: &str| is_predefined(name).then(String::new);
        resolve(script, word, &|name| self.value(name).or_else(|| empty(name)))
    }

    /// What it would come to.
    fn meant(&self, script: &Script, word: &ShellWord) -> Option<String> {
        resolve(script, word, &|name| self.value(name).or_else(|| self.meant_value(name)))
    }
}

/// What a word of a script comes to, if that can be known.
fn resolve(
    script: &Script,
    word: &ShellWord,
    get: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let is_known = |name: &str| !script.assigned.contains(name) && get(name).is_some();
    let found = references(&word.raw, '\\');
    if is_substituted(&word.raw) || !found.iter().all(|it| is_known(&it.name)) {
        return None;
    }
    expand(&word.raw, '\\', get).ok().map(|it| it.value)
}

fn is_substituted(raw: &str) -> bool {
    raw.contains("$(") || raw.contains('`')
}
