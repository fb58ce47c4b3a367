//! What is for another architecture than the branch of a `case` or `if` that it stands in.

use std::collections::BTreeSet;

use crate::arch::Host;
use crate::dockerfile::{Guard, Pin, ShellCommand, ShellWord, matches};
use crate::elf::Machine;
use crate::knowledge::names::{machines, stem};
use crate::platform::Platform;
use crate::rules::analysis::dockerfile::written::{
    blank_substitutions, is_exempt, named_in, spelled,
};
use crate::rules::analysis::dockerfile::{Analysis, NeededStep, get, is_download};
use crate::rules::definition::Definition;
use crate::rules::finding::Finding;
use crate::sentence::list;

/// In the branch of one architecture, something for another.
pub(super) fn contradiction(
    rule: &Definition,
    analysis: &Analysis<'_>,
    step: &NeededStep<'_>,
    command: &ShellCommand,
) -> Option<Finding> {
    let branch = Branch::new(command)?;
    // What is native fetches tools for the build as well.
    if analysis.uses(step.stage).all(|(_, it)| it.pin != Pin::Target) {
        return None;
    }
    let platforms = analysis.platforms(step.stage);
    downloads(command)
        .find_map(|word| {
            let wrong = branch.wrong(word, &platforms)?;
            Some(wrong.finding(rule, analysis, "the download", branch.patterns))
        })
        .or_else(|| {
            let mut values = command.assignments.iter().map(|it| &it.1).filter(|it| is_name(it));
            let too_wide =
                |it: &ShellWord| branch.wrong(it, &platforms).filter(|it| !it.also.is_empty());
            let wrong = values.find_map(too_wide)?;
            Some(wrong.finding(rule, analysis, "the variable", branch.patterns))
        })
}

/// The innermost branch for architectures alone.
struct Branch<'a> {
    patterns: &'a [String],
    meant: BTreeSet<Machine>,
}

/// Something in a branch that is for another architecture.
struct Wrong {
    word: String,
    place: usize,
    /// The platforms that get it beside the one that it is for; none if it is for none of the branch.
    also: Vec<Platform>,
}

impl<'a> Branch<'a> {
    fn new(command: &'a ShellCommand) -> Option<Self> {
        command.guards.iter().rev().find_map(|it| match &**it {
            // What the machine that builds is decides nothing about the platform.
            Guard::Arm { subject, patterns } if !subject.contains("BUILD") => Self::by(patterns),
            Guard::Arm { .. } | Guard::Condition(_) => None,
        })
    }

    fn by(patterns: &'a [String]) -> Option<Self> {
        let meant: BTreeSet<Machine> = patterns.iter().flat_map(|it| machines(it)).collect();
        let is_clear = !meant.is_empty() && patterns.iter().all(|it| !machines(it).is_empty());
        is_clear.then_some(Self { patterns, meant })
    }

    fn wrong(&self, word: &ShellWord, platforms: &[Platform]) -> Option<Wrong> {
        let lower = blank_substitutions(&word.raw).to_ascii_lowercase();
        if is_exempt(&lower) {
            return None;
        }
        let named = named_in(&lower);
        let machine = *named.first()?;
        let also = match named.len() {
            1 => self.narrower(machine, platforms),
            _ => Vec::new(),
        };
        // By x86 many mean amd64, which executes both.
        let is_x86 = machine == Machine::I386 && self.meant.contains(&Machine::X86_64);
        if is_x86 || also.is_empty() && !named.is_disjoint(&self.meant) {
            return None;
        }
        let (name, at) = spelled(&lower, machine)?;
        Some(Wrong { word: name.to_owned(), place: word.place + at, also })
    }

    /// The platforms of the branch whose processors have 32 bits, if what is for one of 64 is for
    /// its other ones. The reverse may be meant: 64-bit processors execute both.
    fn narrower(&self, machine: Machine, platforms: &[Platform]) -> Vec<Platform> {
        let narrow = match machine {
            Machine::AARCH64 => Machine::ARM,
            Machine::X86_64 => Machine::I386,
            _ => return Vec::new(),
        };
        if !self.meant.contains(&machine) || !self.meant.contains(&narrow) {
            return Vec::new();
        }
        let is_led_here = |it: &Platform| {
            it.elf_target().machine == narrow
                && names(*it).iter().any(|name| self.patterns.iter().any(|it| matches(it, name)))
        };
        platforms.iter().copied().filter(is_led_here).collect()
    }
}

impl Wrong {
    fn finding(
        &self,
        rule: &Definition,
        analysis: &Analysis<'_>,
        what: &str,
        patterns: &[String],
    ) -> Finding {
        let Self { word, place, also } = self;
        let also = if also.is_empty() {
            String::new()
        } else {
            format!("; {} {} it too", list(also), get(also))
        };
        let message = format!("{what} is for {word} in the branch of {}{also}", list(patterns));
        rule.of_byte(analysis, *place, message)
    }
}

/// What a platform of 32 bits is called by those that are asked for it.
fn names(platform: Platform) -> Vec<String> {
    let facts = platform.facts();
    let own = match facts.host {
        Host::Own => None,
        Host::Wider { own, .. } => Some(own),
    };
    let words = [facts.name].into_iter().chain(own).chain(facts.debian.iter().copied());
    let words = words.chain([facts.alpine]).map(str::to_owned);
    [platform.to_string()].into_iter().chain(words).collect()
}

fn downloads(command: &ShellCommand) -> impl Iterator<Item = &ShellWord> {
    let is_download = is_download(command);
    command.words.iter().filter(move |it| is_download && it.raw.contains("://"))
}

/// Whether a value is the name of an architecture and no more.
fn is_name(value: &ShellWord) -> bool {
    !value.raw.contains(['$', '`', '/']) && stem(&value.raw).is_empty()
}
