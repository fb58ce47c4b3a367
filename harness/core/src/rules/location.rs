//! Where a defect is.

use std::fmt;

use serde::Serialize;

use crate::evidence::image::Layer;
use crate::oci::Digest;
use crate::platform::Platform;
use crate::text::shortened;

/// Where a defect is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// The index, or the image as a whole.
    Index,
    /// A variant as a whole.
    Variant {
        /// Its platform.
        platform: Platform,
    },
    /// A file of a variant.
    File {
        /// The variant's platform.
        platform: Platform,
        /// The path in the image; for an entrypoint that does not exist, the word that names it.
        path: String,
        /// The layer that wrote the file; none where no file is there.
        layer: Option<Origin>,
    },
    /// A build step.
    Step {
        /// The platforms that it was executed for.
        platforms: Vec<Platform>,
        /// Its instruction, where the builder says which it is.
        position: Option<Position>,
    },
    /// A place in a Dockerfile.
    Dockerfile(Position),
}

/// A place in a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The Dockerfile, as the user or the case names it.
    pub dockerfile: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in that line, in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.dockerfile, self.line, self.column)
    }
}

/// The layer that a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Origin {
    /// The layer's place in the image, 0 the lowest.
    pub number: usize,
    /// The layer's digest.
    pub digest: Digest,
    /// The build step that made it, where the config's history says so; at most its first 1000
    /// characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created_by: String,
}

impl Location {
    /// The platform whose defect it is; none for the image as a whole and what several share.
    #[must_use]
    pub fn platform(&self) -> Option<Platform> {
        match self {
            Self::Variant { platform } | Self::File { platform, .. } => Some(*platform),
            Self::Step { platforms, .. } => match platforms.as_slice() {
                [only] => Some(*only),
                _ => None,
            },
            Self::Index | Self::Dockerfile(_) => None,
        }
    }

    /// The path in the image.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The layer that wrote the file.
    #[must_use]
    pub fn layer(&self) -> Option<&Origin> {
        match self {
            Self::File { layer, .. } => layer.as_ref(),
            _ => None,
        }
    }

    /// The place in the Dockerfile.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::Dockerfile(position) => Some(position),
            Self::Step { position, .. } => position.as_ref(),
            _ => None,
        }
    }
}

/// The characters of a build step that are kept: every file of the layer has them.
const STEP_CHARACTERS: usize = 1000;

impl Origin {
    pub(super) fn new(number: usize, layer: &Layer) -> Self {
        let created_by = shortened(&layer.created_by, STEP_CHARACTERS).into_owned();
        Self { number, digest: layer.digest, created_by }
    }
}
