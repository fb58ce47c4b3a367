//! A finding: one defect of the image, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rule::Rule;
use super::severity::Severity;
use crate::evidence::image::{ImagePath, Layer, Node, Variant};
use crate::oci::Digest;
use crate::platform::Platform;
use crate::text::shortened;

/// One defect of the image. Ordered by rule, then platform and path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that found it.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// Whose defect it is; absent where the index as a whole has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The file, as a path in the image; for an entrypoint that is not there, the word that names
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The place in the Dockerfile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The layer that wrote the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Origin>,
    /// What should be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The defect in words.
    pub message: String,
    /// The line of the Dockerfile as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The rule whose finding on the same platform is the cause of this one, which then counts only
    /// where the cause is accepted.
    #[serde(skip)]
    pub consequence_of: Option<Rule>,
}

/// A place in a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The Dockerfile, as the user or the case names it.
    pub dockerfile: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in that line, in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.dockerfile, self.line, self.column)
    }
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The layer's place in the image, 0 the lowest.
    pub number: usize,
    /// The layer's digest.
    pub digest: Digest,
    /// The build step that made it, where the config's history says so; its first 1000 letters, for
    /// every file of the layer has it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub created_by: String,
}

impl Finding {
    /// A finding about the index as a whole.
    #[must_use]
    pub fn of_index(rule: Rule, message: String) -> Self {
        Self {
            rule,
            severity: rule.severity(),
            platform: None,
            path: None,
            place: None,
            layer: None,
            expected: None,
            actual: None,
            message,
            suggestion: None,
            consequence_of: None,
        }
    }

    /// A finding about one platform.
    #[must_use]
    pub fn of_platform(rule: Rule, platform: Platform, message: String) -> Self {
        Self { platform: Some(platform), ..Self::of_index(rule, message) }
    }

    /// A finding about a file.
    #[must_use]
    pub fn of_file(
        rule: Rule,
        variant: &Variant,
        (path, node): (&ImagePath, &Node),
        message: String,
    ) -> Self {
        let layer = variant.layers.get(node.layer).map(|layer| Origin::of(node.layer, layer));
        let path = Some(path.to_string());
        Self { path, layer, ..Self::of_platform(rule, variant.platform, message) }
    }

    /// With another severity than the rule's own.
    #[must_use]
    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// With the path or word that it is about.
    #[must_use]
    pub fn with_path(self, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    /// With the place in the Dockerfile.
    #[must_use]
    pub fn with_place(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }

    /// With the line of the Dockerfile as it should be, where one can be said.
    #[must_use]
    pub fn with_suggestion(self, line: impl Into<Option<String>>) -> Self {
        Self { suggestion: line.into(), ..self }
    }

    /// As the consequence of what a rule finds on the same platform.
    #[must_use]
    pub fn with_cause(self, cause: Rule) -> Self {
        Self { consequence_of: Some(cause), ..self }
    }

    /// With what should be there and what is.
    #[must_use]
    pub fn with_values(self, expected: &impl fmt::Display, actual: &impl fmt::Display) -> Self {
        Self { expected: Some(expected.to_string()), actual: Some(actual.to_string()), ..self }
    }
}

/// So much is said of a build step.
const STEP_LETTERS: usize = 1000;

impl Origin {
    fn of(number: usize, layer: &Layer) -> Self {
        let created_by = shortened(&layer.created_by, STEP_LETTERS).into_owned();
        Self { number, digest: layer.digest, created_by }
    }
}
