//! What the same command printed on each platform.

use std::collections::HashSet;

use crate::evidence::image::Variant;
use crate::evidence::run::{Extent, Output, RunEvidence};
use crate::expectation::{Parity, RunExpectation};
use crate::rules::analysis::parity::neutral;
use crate::rules::analysis::parity::usual::{Odd, odd_ones};
use crate::rules::context::Context;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ParityOutput,
    group: Group::Parity,
    severity: Severity::Note,
    summary: "The entrypoint prints different output on different platforms.",
    page: include_str!("../../../pages/ParityOutput.md"),
    needs: Needs::Run,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let expectation = &context.expectations.run;
    let (mut printed, mut findings) = (Vec::new(), Vec::new());
    for it in context.comparable() {
        let Some(run) = it.runs.first() else { continue };
        match incomparable(run, expectation) {
            None => {
                let lines = Lines::new(&run.stdout.text, it.variant, expectation);
                printed.push((it.variant, lines));
            }
            Some(why) => findings.extend(uncompared(it.variant, run, &why, expectation)),
        }
    }
    let odd = odd_ones(&printed);
    findings.extend(odd.iter().map(|odd| finding(odd, &expectation.parity)));
    findings
}

/// Why an output says nothing of what its program prints elsewhere.
enum Incomparable {
    /// The run did not show it.
    Failed,
    /// It is longer than what is kept.
    CutOff,
    /// Nobody knows what it would have been: the variant is blocked.
    Blocked,
}

fn incomparable(run: &RunEvidence, expectation: &RunExpectation) -> Option<Incomparable> {
    if !run.end.is_of_program() {
        return Some(Incomparable::Blocked);
    }
    // What was refused would have printed something.
    if !run.end.has_status(expectation.exit_status()) || !run.foreign.is_empty() {
        return Some(Incomparable::Failed);
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
    let finding =
        |message| RULE.of_platform(variant.platform, message).with_severity(Severity::Error);
    let what = "the standard output was not compared with that of other platforms";
    match why {
        Incomparable::Blocked => None,
        Incomparable::Failed => Some(finding(format!("{what}: {}", run.end))),
        Incomparable::CutOff => {
            let limit = Output::LIMIT >> 10;
            Some(finding(format!("{what}: only the first {limit} KiB are kept")))
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
    fn new(text: &str, variant: &Variant, expectation: &RunExpectation) -> Self {
        let may_differ = |line: &str| match &expectation.parity {
            Parity::Unset => false,
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
        ([], []) => "it has the same lines in another order or number".to_owned(),
        ([], adds) => format!("it has {}", quoted(adds)),
        (lacks, []) => format!("it lacks {}", quoted(lacks)),
        (lacks, adds) => format!("it has {} and lacks {}", quoted(adds), quoted(lacks)),
    };
    let message = format!("the standard output differs from that of {}: {difference}", odd.holders);
    let severity = match parity {
        Parity::Unset => Severity::Note,
        Parity::Same { .. } => Severity::Error,
    };
    RULE.of_platform(odd.variant.platform, message).with_severity(severity)
}

/// The first lines.
fn quoted(lines: &[&str]) -> String {
    const SHOWN: usize = 3;
    const LETTERS: usize = 120;
    let brief = |line: &&str| format!("{:?}", line.chars().take(LETTERS).collect::<String>());
    let shown: Vec<String> = lines.iter().take(SHOWN).map(brief).collect();
    let more = lines.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more lines") };
    shown.join(", ") + &more
}
