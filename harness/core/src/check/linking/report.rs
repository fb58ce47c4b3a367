//! One finding for a cause, however many files suffer from it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::subjects::Role;
use crate::check::{Finding, Rule, Severity};
use crate::evidence::image::{ImagePath, Variant};
use crate::loader::Object;

/// The defects of one variant.
#[derive(Default)]
pub(super) struct Report<'a> {
    defects: Vec<Defect<'a>>,
}

/// One file's defect.
pub(super) struct Defect<'a> {
    pub(super) rule: Rule,
    pub(super) role: Role,
    pub(super) severity: Severity,
    /// What has to be mended: defects of one rule and cause are one finding.
    pub(super) cause: String,
    pub(super) object: Object<'a>,
    pub(super) message: String,
    /// What should be there and what is.
    pub(super) values: Option<(String, String)>,
}

/// A finding names as many of the other files.
const NAMED: usize = 3;

impl<'a> Report<'a> {
    pub(super) fn add(&mut self, defect: Defect<'a>) {
        self.defects.push(defect);
    }

    /// The finding is that of the file that most depends on; the others are named in its words.
    pub(super) fn into_findings(self, variant: &Variant) -> Vec<Finding> {
        let mut defects = self.defects;
        defects.sort_by(|a, b| a.place().cmp(&b.place()));
        let groups = defects.chunk_by(|a, b| a.rule == b.rule && a.cause == b.cause);
        groups.filter_map(|group| finding(variant, group)).collect()
    }
}

impl Defect<'_> {
    /// The entrypoint's first, then the worst.
    fn place(&self) -> impl Ord {
        (self.rule, &self.cause, self.role, Reverse(self.severity), self.object.path)
    }
}

fn finding(variant: &Variant, group: &[Defect<'_>]) -> Option<Finding> {
    let (first, rest) = group.split_first()?;
    let others = rest.iter().map(|it| it.object.path).filter(|it| *it != first.object.path);
    let others: BTreeSet<&ImagePath> = others.collect();
    let message = format!("{}{}", first.message, likewise(&others));
    let file = (first.object.path, first.object.node);
    let finding =
        Finding::of_file(first.rule, variant, file, message).with_severity(first.severity);
    Some(match &first.values {
        Some((expected, actual)) => finding.with_values(expected, actual),
        None => finding,
    })
}

fn likewise(others: &BTreeSet<&ImagePath>) -> String {
    let named: Vec<&str> = others.iter().take(NAMED).map(|it| it.as_str()).collect();
    match (named.is_empty(), others.len() - named.len()) {
        (true, _) => String::new(),
        (false, 0) => format!("; likewise {}", named.join(", ")),
        (false, more) => format!("; likewise {} and {more} more", named.join(", ")),
    }
}
