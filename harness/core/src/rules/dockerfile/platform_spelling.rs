//! Comparisons of the platform with a spelling that BuildKit never uses: `linux/arm64/v8`, or `x86_64`
//! for TARGETARCH.

use std::collections::BTreeSet;

use crate::arch::Architecture;
use crate::dockerfile::{
    Branch, Choice, Comparison, Guard, Scope, Script, ShellCommand, ShellWord, ValueGiver, expand,
    matches, predefined_value, references,
};
use crate::elf::Machine;
use crate::knowledge::names::machines;
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::{Analysis, NeededStep, TARGET};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;
use crate::sentence::list;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::PlatformSpelling,
    group: Group::Dockerfile,
    severity: Severity::Warning,
    summary: "A condition compares the platform with a spelling that BuildKit never uses.",
    page: include_str!("../../../pages/PlatformSpelling.md"),
    needs: Needs::Dockerfile,
    check: Check::Dockerfile(check),
};

fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (step, _, script) in analysis.scripts() {
        let speaker = Speaker { analysis, step, script };
        for choice in &script.choices {
            match choice {
                Choice::Case { subject, arms } => findings.extend(speaker.case(subject, arms)),
                Choice::Test(Comparison { left, right, .. }) => {
                    let found = speaker.comparison(left, right);
                    findings.extend(found.or_else(|| speaker.comparison(right, left)));
                }
                // Of those that have been seen.
                Choice::Joined(_) => {}
            }
        }
    }
    findings
}

/// What asks for the platform, and in which words it is answered.
struct Speaker<'a> {
    analysis: &'a Analysis<'a>,
    step: NeededStep<'a>,
    script: &'a Script,
}

/// The words that a platform may be called by.
type Answers = Vec<(Platform, Vec<String>)>;

impl Speaker<'_> {
    fn case(&self, subject: &ShellWord, arms: &[Branch]) -> Vec<Finding> {
        let patterns: Vec<&ShellWord> = arms.iter().flat_map(|it| &it.patterns).collect();
        if is_variant(subject) {
            return patterns.iter().filter_map(|it| self.variant(it, &patterns)).collect();
        }
        let Some((asker, answers)) = self.answers(subject, &patterns) else { return Vec::new() };
        let named = |answer: &String| {
            patterns.iter().any(|it| !is_catch_all(it) && matches(&it.unquoted(), answer))
        };
        let wrong = |pattern: &&&ShellWord| self.is_never(pattern, &answers, named);
        let wrong = patterns.iter().filter(wrong);
        wrong.map(|it| self.finding(&asker, it, &answers, named)).collect()
    }

    fn comparison(&self, left: &ShellWord, right: &ShellWord) -> Option<Finding> {
        if is_variant(left) {
            return self.variant(right, &[right]);
        }
        let (asker, answers) = self.answers(left, &[right])?;
        let others: Vec<String> = self
            .script
            .choices
            .iter()
            .filter_map(|it| match it {
                Choice::Test(it) if it.left.raw == left.raw => Some(it.right.unquoted()),
                _ => None,
            })
            .collect();
        let named = |answer: &String| others.iter().any(|it| matches(it, answer));
        let is_wrong = self.is_never(right, &answers, named)
            && !self.is_idle(
                left,
                right,
                &self.missed(&right.unquoted(), &answers, named),
                &answers,
            );
        is_wrong.then(|| self.finding(&asker, right, &answers, named))
    }

    /// A variant as the builder never spells it, among all that are looked for: arm64 has none, and
    /// those of 32-bit ARM begin with a letter.
    fn variant(&self, pattern: &ShellWord, patterns: &[&ShellWord]) -> Option<Finding> {
        const NAME: &str = "TARGETVARIANT";
        let text = pattern.unquoted();
        let number = text.strip_prefix('v').unwrap_or(&text);
        let is_meant = |it: &Platform| match it.architecture() {
            Architecture::Arm64(_) => text == "v8" && it.variant_name().is_empty(),
            Architecture::Arm(_) => text == number && it.variant_name() == format!("v{number}"),
            _ => false,
        };
        let meant = self.usual().into_iter().find(is_meant)?;
        let own = meant.variant_name();
        let is_builders =
            |scope: &Scope| scope.get(NAME).is_some_and(|it| it.giver == ValueGiver::Builder);
        let is_named = patterns.iter().any(|it| it.unquoted() == own);
        if is_named || !self.analysis.scopes(&self.step).all(|it| is_builders(it.1)) {
            return None;
        }
        let says = if own.is_empty() { "is empty".to_owned() } else { format!("is `{own}`") };
        let message = format!("{NAME} is never `{text}`; for {meant} it {says}");
        let place = pattern.place + usize::from(pattern.raw.starts_with(['"', '\'']));
        Some(RULE.of_byte(self.analysis, place, message))
    }

    /// Whether a word names an architecture as no platform is ever called, and a platform of that
    /// architecture is not named in another way.
    fn is_never(
        &self,
        pattern: &ShellWord,
        answers: &Answers,
        named: impl Fn(&String) -> bool,
    ) -> bool {
        let text = pattern.unquoted();
        if !names_machine(&text) {
            return false;
        }
        let is_ever = answers.iter().any(|(_, words)| words.iter().any(|it| matches(&text, it)));
        !is_ever && !self.missed(&text, answers, named).is_empty()
    }

    /// Whether all that depends on a comparison gives a variable the word that the platforms have
    /// anyway.
    fn is_idle(
        &self,
        left: &ShellWord,
        right: &ShellWord,
        missed: &[Platform],
        answers: &Answers,
    ) -> bool {
        let is_its = |it: &Guard| match it {
            Guard::Condition(text) => text.contains(&left.raw) && text.contains(&right.raw),
            Guard::Arm { subject, patterns } => {
                *subject == left.raw && patterns.contains(&right.unquoted())
            }
        };
        let own = answers.iter().filter(|it| missed.contains(&it.0)).flat_map(|it| &it.1);
        let own: BTreeSet<&String> = own.collect();
        let is_said_anyway = |it: &ShellCommand| {
            it.words.is_empty()
                && it.assignments.iter().all(|(_, value)| own.contains(&value.unquoted()))
        };
        let is_guarded = |it: &&ShellCommand| it.guards.iter().any(|guard| is_its(guard));
        let mut guarded = self.script.commands.iter().filter(is_guarded).peekable();
        guarded.peek().is_some() && guarded.all(is_said_anyway)
    }

    /// The platforms asked for that a word means, and that nothing names as they are called.
    fn missed(
        &self,
        text: &str,
        answers: &Answers,
        named: impl Fn(&String) -> bool,
    ) -> Vec<Platform> {
        let meant = machines_of(text);
        let asked = |it: &Platform| {
            self.analysis.recipe.platforms.contains(it) || Platform::ALL.contains(it)
        };
        let missed = answers.iter().filter(|(platform, words)| {
            asked(platform)
                && meant.contains(&platform.elf_target().machine)
                && !words.iter().any(&named)
        });
        missed.map(|it| it.0).collect()
    }

    fn finding(
        &self,
        asker: &str,
        pattern: &ShellWord,
        answers: &Answers,
        named: impl Fn(&String) -> bool,
    ) -> Finding {
        let text = pattern.unquoted();
        let missed = self.missed(&text, answers, named);
        let words: BTreeSet<&String> =
            answers.iter().filter(|it| missed.contains(&it.0)).flat_map(|it| &it.1).collect();
        let words: Vec<String> = words.into_iter().map(|it| format!("`{it}`")).collect();
        // A command is quoted, a variable is not.
        let verb = if asker.starts_with('`') { "prints" } else { "is" };
        let message = format!("{asker} is never `{text}`; it {verb} {}", list(&words));
        let place = pattern.place + usize::from(pattern.raw.starts_with(['"', '\'']));
        let finding = RULE.of_byte(self.analysis, place, message);
        let suggestion = match words.as_slice() {
            [only] => self.analysis.suggestion(place, &text, only.trim_matches('`')),
            _ => None,
        };
        finding.with_suggestion(suggestion)
    }

    /// Who is asked by a word, and how each platform is called then. Nothing where all that it is
    /// compared with is no architecture, or what usual platforms are called: what a rare one has is
    /// not wrong.
    fn answers(&self, word: &ShellWord, compared: &[&ShellWord]) -> Option<(String, Answers)> {
        let raw = self.followed(word);
        let raw = raw.as_deref().unwrap_or(&word.raw);
        let named = self.usual();
        let (asker, usual) = self.answers_of(raw, &named)?;
        let is_settled = |it: &&ShellWord| {
            let text = it.unquoted();
            !names_machine(&text) || usual.iter().flat_map(|it| &it.1).any(|it| matches(&text, it))
        };
        if compared.iter().all(is_settled) {
            return None;
        }
        let rare = Platform::RARE.into_iter().filter(|it| !named.contains(it));
        let (_, rare) = self.answers_of(raw, &rare.collect())?;
        Some((asker, usual.into_iter().chain(rare).collect()))
    }

    fn answers_of(&self, raw: &str, platforms: &BTreeSet<Platform>) -> Option<(String, Answers)> {
        if let Some((asker, words)) = answers_of_command(raw) {
            let answers = platforms.iter().map(|it| (*it, words(*it))).collect();
            return Some((asker.to_owned(), answers));
        }
        let found = references(raw, '\\');
        let names: BTreeSet<&str> = found.iter().map(|it| it.name.as_str()).collect();
        let is_builders = |name: &&str| {
            let mut scopes = self.analysis.scopes(&self.step);
            let giver = |scope: &Scope| scope.get(*name).map(|it| it.giver);
            TARGET.contains(name) && scopes.all(|it| giver(it.1) == Some(ValueGiver::Builder))
        };
        if names.is_empty() || raw.contains(['(', '`']) || !names.iter().all(is_builders) {
            return None;
        }
        let answers: Option<Answers> =
            platforms.iter().map(|it| Some((*it, vec![self.value(raw, *it)?]))).collect();
        Some((list(&names.into_iter().collect::<Vec<_>>()), answers?))
    }

    /// What a variable of the script itself was given, if that was done once.
    fn followed(&self, word: &ShellWord) -> Option<String> {
        let found = references(&word.raw, '\\');
        let [only] = found.as_slice() else { return None };
        let assignments = self.script.commands.iter().flat_map(|it| &it.assignments);
        let mut values = assignments.filter(|(name, _)| *name == only.name);
        let value = values.next().map(|it| it.1.raw.clone());
        value.filter(|_| values.next().is_none())
    }

    /// The platforms asked for, and those that everybody knows.
    fn usual(&self) -> BTreeSet<Platform> {
        self.analysis.recipe.platforms.iter().copied().chain(Platform::ALL).collect()
    }

    /// What a word with variables of the builder comes to.
    fn value(&self, raw: &str, platform: Platform) -> Option<String> {
        let build = self.analysis.recipe.build;
        expand(raw, '\\', &|name| predefined_value(name, build, platform)).ok().map(|it| it.value)
    }
}

/// Whether a word is the builder's variant and nothing else.
fn is_variant(word: &ShellWord) -> bool {
    matches!(word.unquoted().as_str(), "$TARGETVARIANT" | "${TARGETVARIANT}")
}

/// Systems, as the builder calls them, that images are made for beside Linux.
const OTHER_SYSTEMS: [&str; 4] = ["darwin", "freebsd", "wasip1", "windows"];

/// Whether a text names an architecture, and no platform of another system.
fn names_machine(text: &str) -> bool {
    let system = text.split('/').next().unwrap_or_default();
    !text.contains('$') && !OTHER_SYSTEMS.contains(&system) && !machines_of(text).is_empty()
}

/// The machines that a word means, where it cannot be anything else.
fn machines_of(text: &str) -> Vec<Machine> {
    let words = text.trim_matches('*').trim_start_matches("linux/");
    machines(words)
}

fn is_catch_all(pattern: &ShellWord) -> bool {
    matches!(pattern.unquoted().as_str(), "*" | "?*")
}

type AnswersOf = fn(Platform) -> Vec<String>;

/// Commands that say the architecture.
fn answers_of_command(raw: &str) -> Option<(&'static str, AnswersOf)> {
    let text = raw.trim_matches('"').trim_start_matches("$(").trim_start_matches('`');
    let text = text.trim_end_matches(['"', ')', '`']).trim();
    match text {
        "uname -m" | "uname --machine" => Some(("`uname -m`", |it| owned(it.facts().uname))),
        "arch" => Some(("`arch`", |it| owned(it.facts().uname))),
        "dpkg --print-architecture" => {
            Some(("`dpkg --print-architecture`", |it| owned(it.facts().debian)))
        }
        "apk --print-arch" => Some(("`apk --print-arch`", |it| owned(&[it.facts().alpine]))),
        _ => None,
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|it| (*it).to_owned()).collect()
}
