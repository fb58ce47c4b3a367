//! Everything observed of an image. Rules see nothing else.

pub mod build;
pub mod image;
pub mod run;
mod saved;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use saved::{SavedEvidence, SavedEvidenceError, SavedSubject};

use build::{Provenance, Unbuilt};
use image::{EntryNumber, ImageFacts, Variant};
use run::{NotRun, RunEvidence, Runs};

/// What an image is, and what its variants did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The image as it was inspected.
    pub image: ImageFacts,
    /// The runs of each variant, or why it was not run, by its entry of the index.
    pub runs: BTreeMap<EntryNumber, Runs>,
    /// How it came about.
    #[serde(default)]
    pub provenance: Provenance,
}

/// What observing a subject came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    /// There is an image.
    Image(Evidence),
    /// It was to be built, and the Dockerfile is at fault that there is none.
    Unbuilt(Unbuilt),
}

impl Evidence {
    /// The runs of a variant; none where it could not be started.
    #[must_use]
    pub fn runs_of(&self, variant: &Variant) -> &[RunEvidence] {
        match self.runs.get(&variant.entry) {
            Some(Ok(runs)) => runs,
            Some(Err(_)) | None => &[],
        }
    }

    /// Why a variant was not run; `None` where it was, or nobody says.
    #[must_use]
    pub fn not_run(&self, variant: &Variant) -> Option<&NotRun> {
        self.runs.get(&variant.entry)?.as_ref().err()
    }
}
