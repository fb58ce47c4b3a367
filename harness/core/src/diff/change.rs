//! One change.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::platform::Platform;
use crate::rules::Severity;

/// One change from the old image to the new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about.
    pub kind: ChangeKind,
    /// How bad it is: an error or a warning made it worse for users, a note did not.
    pub severity: Severity,
    /// The platforms that have it alike, sorted.
    pub platforms: Vec<Platform>,
    /// The file in the image that it is about; absent where it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The change in words: what is, and what was before.
    pub message: String,
    /// What more there is to say, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

/// What a change is about. Ordered by how much it matters to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A platform is no longer there.
    PlatformRemoved,
    /// The oldest CPU that the image needs.
    Cpu,
    /// The glibc that the image has or needs.
    Glibc,
    /// The oldest Linux that the image needs.
    Kernel,
    /// What an executable is.
    Executable,
    /// An executable is no longer there.
    ExecutableRemoved,
    /// A further executable.
    ExecutableAdded,
    /// The image's config: entrypoint, user, environment, labels, exposed ports.
    Config,
    /// How a run ended, and what it printed.
    Run,
    /// What the files of the image take.
    Size,
    /// How a build step is executed.
    BuildStep,
    /// What Go's linker and rustc wrote about the build.
    BuildInfo,
    /// A further platform.
    PlatformAdded,
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PlatformRemoved => "platform-removed",
            Self::Cpu => "cpu",
            Self::Glibc => "glibc",
            Self::Kernel => "kernel",
            Self::BuildStep => "build-step",
            Self::Executable => "executable",
            Self::ExecutableRemoved => "executable-removed",
            Self::ExecutableAdded => "executable-added",
            Self::Config => "config",
            Self::Run => "run",
            Self::Size => "size",
            Self::BuildInfo => "build-info",
            Self::PlatformAdded => "platform-added",
        })
    }
}

impl Change {
    /// A change of a platform that is worth a note.
    pub(super) fn new(kind: ChangeKind, platform: Platform, message: impl Into<String>) -> Self {
        let severity = Severity::Note;
        let (platforms, message) = (vec![platform], message.into());
        Self { kind, severity, platforms, path: None, message, details: Vec::new() }
    }

    pub(super) fn at(self, path: impl fmt::Display) -> Self {
        Self { path: Some(path.to_string()), ..self }
    }

    pub(super) fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    pub(super) fn with_details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }
}

/// Makes one of those that differ in the platform alone, the most important first.
pub(super) fn merge(changes: Vec<Change>) -> Vec<Change> {
    let mut merged: BTreeMap<_, Change> = BTreeMap::new();
    for change in changes {
        let key = (
            Reverse(change.severity),
            change.kind,
            change.path.clone(),
            change.message.clone(),
            change.details.clone(),
        );
        let platforms = change.platforms.clone();
        let entry = merged.entry(key).or_insert_with(|| Change { platforms: Vec::new(), ..change });
        entry.platforms.extend(platforms);
        entry.platforms.sort_unstable();
        entry.platforms.dedup();
    }
    merged.into_values().collect()
}
