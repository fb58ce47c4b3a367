//! Evidence in a file: what was observed, to be judged again later, by a newer archproof too.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Observation;
use crate::text::write_json;

/// The version of the format that is written and read.
const SCHEMA: u32 = 1;

/// More is not read, in bytes: of an image with 100,000 files evidence takes some 20 MiB.
const SIZE_LIMIT: u64 = 1 << 30;

/// What was observed of subjects.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedEvidence {
    schema: u32,
    /// The subjects, in the order in which they were named.
    pub subjects: Vec<SavedSubject>,
}

/// What was observed of a subject, and what its case demanded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedSubject {
    /// As the user wrote it.
    pub subject: String,
    /// The text of its case file; empty where it had none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub case: String,
    /// What was observed.
    pub observation: Observation,
}

/// The beginning of every version.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// Why evidence cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SavedEvidenceError {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// It has no end, or is something else.
    #[error("it is larger than {} MiB", SIZE_LIMIT >> 20)]
    Size,
    /// It is something else, or damaged.
    #[error("it is not evidence that archproof wrote")]
    Format(#[source] serde_json::Error),
    /// It is of another version.
    #[error("it has schema {0}, and this archproof reads schema {SCHEMA}: record it again")]
    Schema(u32),
}

impl SavedEvidence {
    /// Evidence to be written.
    #[must_use]
    pub fn new(subjects: Vec<SavedSubject>) -> Self {
        Self { schema: SCHEMA, subjects }
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is none, or of another version.
    pub fn read(from: impl Read) -> Result<Self, SavedEvidenceError> {
        let mut text = Vec::new();
        let read = from.take(SIZE_LIMIT + 1).read_to_end(&mut text);
        if read.map_err(SavedEvidenceError::Read)? as u64 > SIZE_LIMIT {
            return Err(SavedEvidenceError::Size);
        }
        let Version { schema } =
            serde_json::from_slice(&text).map_err(SavedEvidenceError::Format)?;
        if schema != SCHEMA {
            return Err(SavedEvidenceError::Schema(schema));
        }
        serde_json::from_slice(&text).map_err(SavedEvidenceError::Format)
    }

    /// Writes it: the same evidence gives the same bytes.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        write_json(self, to)?;
        writeln!(to)
    }
}
