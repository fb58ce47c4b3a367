//! Changes as people read them: the one place where a change becomes text.

use std::collections::BTreeMap;
use std::fmt;

use super::change::{Change, ChangeKind};
use crate::listing::common_folder;
use crate::platform::Platform;
use crate::rules::Severity;
use crate::text::{line, printable, shortened};

/// A change, or several alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub kind: ChangeKind,
    /// Where it is: `/usr/bin/tool (linux/arm64)`, `linux/arm64, linux/s390x`.
    pub place: String,
    /// The change in words.
    pub message: String,
    /// What more there is to say: a line each.
    pub notes: Vec<String>,
}

/// `linux/arm64: error[platform-removed]: …`, and a line for each note.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, severity, kind, message, notes } = self;
        write!(f, "{place}: {severity}[{kind}]: {message}")?;
        notes.iter().try_for_each(|it| write!(f, "\n  {it}"))
    }
}

/// Of the changes of one kind and severity on the same platforms, as many are shown.
const SHOWN_CHANGES: usize = 3;
/// Of a line, as many letters are shown.
const SHOWN_LETTERS: usize = 300;
/// Of the lines about one change, as many are shown.
const SHOWN_DETAILS: usize = 20;

/// The entries of changes, in their order. Where many files changed alike, the last that is shown stands
/// for the others.
#[must_use]
pub fn entries(changes: &[Change]) -> Vec<Entry> {
    type Group<'a> = (Severity, ChangeKind, &'a [Platform]);
    let mut entries: Vec<Entry> = Vec::new();
    let mut groups: BTreeMap<Group<'_>, (usize, Vec<&str>)> = BTreeMap::new();
    for change in changes {
        let Some(path) = change.path.as_deref() else {
            entries.push(entry(change));
            continue;
        };
        let group = (change.severity, change.kind, change.platforms.as_slice());
        let (last, paths) = groups.entry(group).or_default();
        paths.push(path);
        if paths.len() <= SHOWN_CHANGES {
            *last = entries.len();
            entries.push(entry(change));
        }
    }
    for (last, paths) in groups.into_values() {
        let rest = paths.get(SHOWN_CHANGES..).unwrap_or_default();
        let folder = common_folder(rest.iter().copied());
        if let (Some(entry), Some(folder)) = (entries.get_mut(last), folder) {
            let changes = if rest.len() == 1 { "change" } else { "changes" };
            entry.notes.push(format!("and {} more such {changes} below {folder}", rest.len()));
        }
    }
    entries
}

fn entry(change: &Change) -> Entry {
    let platforms: Vec<String> = change.platforms.iter().map(ToString::to_string).collect();
    let platforms = platforms.join(", ");
    let place = match &change.path {
        Some(path) => format!("{} ({platforms})", line(path)),
        None => platforms,
    };
    let more = change.details.len().saturating_sub(SHOWN_DETAILS);
    let more = (more > 0).then(|| format!("and {more} more: see `--output json`"));
    let details = change.details.iter().take(SHOWN_DETAILS);
    let details = details.map(|it| {
        shortened(&printable(it.as_bytes()).replace('\n', " "), SHOWN_LETTERS).into_owned()
    });
    Entry {
        severity: change.severity,
        kind: change.kind,
        place,
        message: line(&change.message),
        notes: details.chain(more).collect(),
    }
}
