//! What the same command printed on each platform.

use std::collections::HashSet;

use globset::GlobMatcher;

use super::super::run::{RunExpectation, cause};
use super::super::{Finding, Rule, Severity};
use super::neutral;
use super::usual::{Odd, odd_ones};
use crate::evidence::Evidence;
use crate::evidence::image::Variant;
use crate::evidence::run::{Extent, Output, RunEvidence};

/// Whether every platform has to print the same.
#[derive(Clone, Debug, Default)]
pub enum Parity {
    /// Nobody says so: a difference is worth a note.
    #[default]
    Unstated,
    /// It has to, but for lines that match one of these.
    Same {
        /// Patterns of whole lines, blanks at both ends left out.
        except: Vec<GlobMatcher>,
    },
}

/// `known` are all other findings.
pub(super) fn check(
    variants: &[&Variant],
    evidence: &Evidence,
    expectation: &RunExpectation,
    known: &[Finding],
) -> Vec<Finding> {
    let (mut printed, mut findings) = (Vec::new(), Vec::new());
    for variant in variants {
        let runs = evidence.runs_of(variant);
        let Some(run) = runs.first() else { continue };
        match incomparable(variant, runs, run, expectation, known) {
            None => printed.push((*variant, Lines::of(&run.stdout.text, variant, expectation))),
            Some(why) => findings.extend(uncompared(variant, run, &why, expectation)),
        }
    }
    let odd = odd_ones(&printed);
    findings.extend(odd.iter().map(|odd| finding(odd, &expectation.parity)));
    findings
}

/// Why an output says nothing of what its program prints elsewhere.
enum Incomparable {
    /// The run did not show it: by fault of the rule's finding.
    Failed(Rule),
    /// It is longer than what is kept.
    CutOff,
    /// Nobody knows what it would have been: the variant is blocked.
    Blocked,
}

fn incomparable(
    variant: &Variant,
    runs: &[RunEvidence],
    run: &RunEvidence,
    expectation: &RunExpectation,
    known: &[Finding],
) -> Option<Incomparable> {
    if !run.end.is_of_program() {
        return Some(Incomparable::Blocked);
    }
    // What was refused would have printed something.
    if !run.end.has_status(expectation.exit_status()) || !run.foreign.is_empty() {
        return Some(Incomparable::Failed(cause(variant, runs, run, known)));
    }
    (run.stdout.extent == Extent::Beginning).then_some(Incomparable::CutOff)
}

/// Whoever demands the same of all is told of whom it is not known.
fn uncompared(
    variant: &Variant,
    run: &RunEvidence,
    why: &Incomparable,
    expectation: &RunExpectation,
) -> Option<Finding> {
    let Parity::Same { .. } = expectation.parity else { return None };
    let finding = |message| {
        let finding = Finding::of_platform(Rule::ParityOutput, variant.platform, message);
        finding.with_severity(Severity::Error)
    };
    let what = "its standard output was not compared with that of the other platforms";
    match why {
        Incomparable::Blocked => None,
        Incomparable::Failed(cause) => {
            Some(finding(format!("{what}: {}", run.end)).with_cause(*cause))
        }
        Incomparable::CutOff => {
            let limit = Output::LIMIT >> 10;
            Some(finding(format!("{what}: only its first {limit} KiB are kept")))
        }
    }
}

/// Lines as they were printed, and as any platform would print them. Only these are compared.
#[derive(Debug)]
struct Lines(Vec<(String, String)>);

impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|(one, other)| is_same(one, other))
    }
}

/// A word may be a platform's name on one platform and just a word on another.
fn is_same(one: &(String, String), other: &(String, String)) -> bool {
    one.0 == other.0 || one.1 == other.1
}

impl Lines {
    fn of(text: &str, variant: &Variant, expectation: &RunExpectation) -> Self {
        let may_differ = |line: &str| match &expectation.parity {
            Parity::Unstated => false,
            Parity::Same { except } => except.iter().any(|it| it.is_match(line.trim())),
        };
        let lines = text.lines().filter(|it| !may_differ(it));
        Self(lines.map(|it| (it.to_owned(), neutral::line(it, variant.platform))).collect())
    }

    /// The lines that another text does not have.
    fn without(&self, other: &Self) -> Vec<&str> {
        let printed: HashSet<&str> = other.0.iter().map(|it| it.0.as_str()).collect();
        let neutral: HashSet<&str> = other.0.iter().map(|it| it.1.as_str()).collect();
        let is_there = |it: &(String, String)| {
            printed.contains(it.0.as_str()) || neutral.contains(it.1.as_str())
        };
        self.0.iter().filter(|it| !is_there(it)).map(|it| it.0.as_str()).collect()
    }
}

fn finding(odd: &Odd<'_, Lines>, parity: &Parity) -> Finding {
    let (lacks, adds) = (odd.usual.without(odd.value), odd.value.without(odd.usual));
    let difference = match (lacks.as_slice(), adds.as_slice()) {
        ([], []) => "it has the same lines in another order, or not as often".to_owned(),
        ([], adds) => format!("it has {}", quoted(adds)),
        (lacks, []) => format!("it lacks {}", quoted(lacks)),
        (lacks, adds) => format!("it has {} and lacks {}", quoted(adds), quoted(lacks)),
    };
    let message = format!("its standard output is not that of {}: {difference}", odd.holders);
    let severity = match parity {
        Parity::Unstated => Severity::Note,
        Parity::Same { .. } => Severity::Error,
    };
    let finding = Finding::of_platform(Rule::ParityOutput, odd.variant.platform, message);
    finding.with_severity(severity)
}

/// The first lines.
fn quoted(lines: &[&str]) -> String {
    const SHOWN: usize = 3;
    const LETTERS: usize = 120;
    let brief = |line: &&str| format!("{:?}", line.chars().take(LETTERS).collect::<String>());
    let shown: Vec<String> = lines.iter().take(SHOWN).map(brief).collect();
    let more = lines.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} lines more") };
    shown.join(", ") + &more
}
