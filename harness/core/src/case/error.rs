//! What is wrong with a case file: the author's to mend, before anything is built.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A case file that cannot be used, with the place.
#[derive(Debug, Error)]
#[error("{}{place}: {kind}", file.display())]
pub struct CaseError {
    file: PathBuf,
    place: Place,
    kind: CaseErrorKind,
}

/// What is wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaseErrorKind {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The file is no TOML, has a field that does not exist, or a value that cannot be.
    #[error("{0}")]
    Format(String),
    /// A file that it names is not there.
    #[error("{field} is `{}`, which does not exist", path.display())]
    FileMissing {
        /// The field that names it.
        field: &'static str,
        /// Where it should be.
        path: PathBuf,
    },
}

/// A line and column, both from 1, if the fault is at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    WholeFile,
    At { line: usize, column: usize },
}

impl CaseError {
    pub(super) fn of_file(file: &Path, kind: CaseErrorKind) -> Self {
        Self { file: file.to_owned(), place: Place::WholeFile, kind }
    }

    pub(super) fn of_toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let place = error.span().map_or(Place::WholeFile, |span| Place::of(text, span.start));
        let kind = CaseErrorKind::Format(error.message().to_owned());
        Self { file: file.to_owned(), place, kind }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &CaseErrorKind {
        &self.kind
    }
}

impl Place {
    /// The place of a byte; columns count letters.
    fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self::At {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WholeFile => Ok(()),
            Self::At { line, column } => write!(f, ":{line}:{column}"),
        }
    }
}
