//! A finding: one defect of the image, as data.

use std::fmt;

use serde::{Serialize, Serializer};

use super::location::{Location, Origin, Position};
use super::rule::Rule;
use super::severity::Severity;
use crate::platform::Platform;

/// One defect of the image. Ordered by rule, severity and location.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The rule that found it.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub location: Location,
    /// What should be there.
    pub expected: Option<String>,
    /// What is there.
    pub actual: Option<String>,
    /// The defect in words.
    pub message: String,
    /// The line of the Dockerfile as it should be.
    pub suggestion: Option<String>,
    /// The rule whose finding on the same platform is the cause of this one, which then counts only
    /// where the cause is accepted.
    pub consequence_of: Option<Rule>,
}

impl Finding {
    /// The platform whose defect it is; none for the image as a whole and what several share.
    #[must_use]
    pub fn platform(&self) -> Option<Platform> {
        self.location.platform()
    }

    /// The path in the image, or the word that names it.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.location.path()
    }

    /// With another severity than the rule's own.
    #[must_use]
    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// With the line of the Dockerfile as it should be, where one can be said.
    #[must_use]
    pub fn with_suggestion(self, line: impl Into<Option<String>>) -> Self {
        Self { suggestion: line.into(), ..self }
    }

    /// With what should be there and what is.
    #[must_use]
    pub fn with_values(self, expected: &impl fmt::Display, actual: &impl fmt::Display) -> Self {
        Self { expected: Some(expected.to_string()), actual: Some(actual.to_string()), ..self }
    }
}

/// A finding in the JSON report: the location's parts stand beside the others.
#[derive(Serialize)]
struct Flat<'a> {
    rule: Rule,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<&'a Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'a Origin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'a str>,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let flat = Flat {
            rule: self.rule,
            severity: self.severity,
            platform: self.platform(),
            path: self.path(),
            position: self.location.position(),
            layer: self.location.layer(),
            expected: self.expected.as_deref(),
            actual: self.actual.as_deref(),
            message: &self.message,
            suggestion: self.suggestion.as_deref(),
        };
        flat.serialize(serializer)
    }
}
