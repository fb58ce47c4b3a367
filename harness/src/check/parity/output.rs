//! What the same command printed on each platform.

use std::collections::HashSet;

use globset::GlobMatcher;

use super::super::run::RunExpectation;
use super::super::{Finding, Rule, Severity};
use super::neutral;
use super::usual::{Odd, odd_ones};
use crate::evidence::Evidence;
use crate::inspect::Variant;
use crate::run::Extent;

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

pub(super) fn check(
    variants: &[&Variant],
    evidence: &Evidence,
    expectation: &RunExpectation,
) -> Vec<Finding> {
    let printed: Vec<(&Variant, Lines)> = variants
        .iter()
        .filter_map(|variant| {
            let run = evidence.runs_of(variant).first()?;
            let is_right = run.end.has_status(expectation.exit);
            let is_whole = run.stdout.extent == Extent::Whole;
            // What was refused would have printed something.
            let is_all_run = run.foreign.is_empty();
            let lines = || Lines::of(&run.stdout.text, variant, &expectation.parity);
            (is_right && is_whole && is_all_run).then(|| (*variant, lines()))
        })
        .collect();
    let odd = odd_ones(&printed);
    odd.iter().map(|odd| finding(odd, &expectation.parity)).collect()
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
    fn of(text: &str, variant: &Variant, parity: &Parity) -> Self {
        let may_differ = |line: &str| match parity {
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
