//! Everything observed of an image. Rules see nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::build::{Making, Unbuilt};
use crate::inspect::{EntryNumber, ImageFacts, Variant};
use crate::run::RunEvidence;

/// What an image is, and what its variants did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The image as it was inspected.
    pub image: ImageFacts,
    /// The runs of each variant that was started, by its entry of the index.
    pub runs: BTreeMap<EntryNumber, Vec<RunEvidence>>,
    /// How it came about.
    #[serde(default)]
    pub making: Making,
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
        self.runs.get(&variant.entry).map_or(&[], Vec::as_slice)
    }
}
