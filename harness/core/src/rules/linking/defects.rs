//! One finding for a cause, however many files suffer from it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::evidence::image::{ImagePath, Variant};
use crate::loader::Object;
use crate::rules::analysis::linking::{Role, VersionLack};
use crate::rules::definition::Definition;
use crate::rules::finding::Finding;
use crate::rules::severity::Severity;

/// One file's defect.
pub(super) struct Defect<'a> {
    pub(super) role: Role,
    pub(super) severity: Severity,
    /// What has to be mended: defects of one cause are one finding.
    pub(super) cause: String,
    pub(super) object: Object<'a>,
    pub(super) message: String,
    /// What should be there and what is.
    pub(super) values: Option<(String, String)>,
}

/// A finding names as many of the other files.
const NAMED: usize = 3;

/// The finding is that of the file that most depends on; the others are named in its words.
pub(super) fn report(
    rule: &Definition,
    variant: &Variant,
    mut defects: Vec<Defect<'_>>,
) -> Vec<Finding> {
    defects.sort_by(|a, b| a.place().cmp(&b.place()));
    let groups = defects.chunk_by(|a, b| a.cause == b.cause);
    groups.filter_map(|group| finding(rule, variant, group)).collect()
}

impl Defect<'_> {
    /// The entrypoint's first, then the worst.
    fn place(&self) -> impl Ord {
        (&self.cause, self.role, Reverse(self.severity), self.object.path)
    }
}

fn finding(rule: &Definition, variant: &Variant, group: &[Defect<'_>]) -> Option<Finding> {
    let (first, rest) = group.split_first()?;
    let others = rest.iter().map(|it| it.object.path).filter(|it| *it != first.object.path);
    let others: BTreeSet<&ImagePath> = others.collect();
    let message = format!("{}{}", first.message, likewise(&others));
    let file = (first.object.path, first.object.node);
    let finding = rule.of_file(variant, file, message).with_severity(first.severity);
    Some(match &first.values {
        Some((expected, actual)) => finding.with_values(expected, actual),
        None => finding,
    })
}

fn likewise(others: &BTreeSet<&ImagePath>) -> String {
    let named: Vec<&str> = others.iter().take(NAMED).map(|it| it.as_str()).collect();
    match (named.is_empty(), others.len() - named.len()) {
        (true, _) => String::new(),
        (false, 0) => format!("; the same is true of {}", named.join(", ")),
        (false, more) => format!("; the same is true of {} and {more} more", named.join(", ")),
    }
}

/// The defect of a file that needs a newer library.
pub(super) fn of_lack<'a>(it: &VersionLack<'a>) -> Defect<'a> {
    let (needed, name, path) = (&it.lack.needed, it.name, it.library.path);
    let (message, values) = match &it.lack.defined {
        Some(defined) => (
            format!("the file needs {needed} of {name}, but {path} only defines up to {defined}"),
            Some((needed.clone(), defined.clone())),
        ),
        None => (format!("the file needs {needed} of {name}, which {path} does not define"), None),
    };
    Defect {
        role: it.role,
        severity: it.role.severity(),
        cause: path.to_string(),
        object: it.by,
        message,
        values,
    }
}
