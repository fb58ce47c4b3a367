//! A list of findings for people: of what many files have in common, the first tell enough.

use std::collections::BTreeMap;

use crate::rules::{Rule, Severity};
use crate::verdict::{Judged, Standing};

/// So many findings of one kind are shown.
const SHOWN: usize = 10;

/// A line of the list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line<'a> {
    /// A finding.
    Finding(&'a Judged),
    /// In the place of the last one: how many of its kind were left out, and whether they are
    /// about files.
    More { count: usize, is_of_files: bool },
}

/// What findings of one kind share; the words may name other things in each.
type Kind<'a> = (Rule, Severity, Option<&'a str>, Option<&'a str>, u8);

fn kind(judged: &Judged) -> Kind<'_> {
    let finding = &judged.finding;
    let standing = match judged.standing {
        Standing::Open => 0,
        Standing::Expected => 1,
        Standing::Allowed { .. } => 2,
    };
    let values = (finding.expected.as_deref(), finding.actual.as_deref());
    (finding.rule, finding.severity, values.0, values.1, standing)
}

/// The findings in their order, without what is too much.
pub(super) fn lines(findings: &[Judged]) -> Vec<Line<'_>> {
    let mut left: BTreeMap<Kind<'_>, usize> = BTreeMap::new();
    for judged in findings {
        *left.entry(kind(judged)).or_default() += 1;
    }
    let totals = left.clone();
    let mut lines = Vec::new();
    for judged in findings {
        let kind = kind(judged);
        let total = totals.get(&kind).copied().unwrap_or(0);
        let Some(left) = left.get_mut(&kind) else { continue };
        if total - *left < SHOWN {
            lines.push(Line::Finding(judged));
        } else if *left == 1 {
            let is_of_files = judged.finding.path().is_some();
            lines.push(Line::More { count: total - SHOWN, is_of_files });
        }
        *left -= 1;
    }
    lines
}
