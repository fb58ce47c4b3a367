//! Values of a case file that are more than text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::platform::{Platform, PlatformError};
use crate::rules::{Finding, Rule, UnknownRule};

/// How long a run may take: more than nothing, at most an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(Duration);

impl Timeout {
    const MAX: Duration = Duration::from_hours(1);

    /// This long; an hour at most, which is what all runs of an image get together.
    #[must_use]
    pub fn new(time: Duration) -> Self {
        Self(time.min(Self::MAX))
    }

    /// The time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl Default for Timeout {
    /// A `--help` under emulation takes a tenth of a second; half a minute leaves room for a
    /// loaded machine and a large runtime.
    fn default() -> Self {
        Self(Duration::from_secs(30))
    }
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected a time from 1ms to 1h, such as \"30s\"";
        match humantime::parse_duration(text) {
            Ok(time) if time >= Duration::from_millis(1) && time <= Self::MAX => Ok(Self(time)),
            Ok(_) => Err(format!("`{text}` is out of range: {expected}")),
            Err(error) => Err(format!("`{text}` is no time ({error}): {expected}")),
        }
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A finding that a case exists to provoke: `Rule [path] [platform]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expectation {
    rule: Rule,
    path: Option<String>,
    platform: Option<Platform>,
}

/// Why a text is no [`Expectation`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectationError {
    /// Not one to three words.
    #[error("expected `Rule path platform`, such as `ElfMachineMismatch /app/tool linux/arm64`")]
    Shape,
    /// The first word.
    #[error(transparent)]
    Rule(#[from] UnknownRule),
    /// The last word.
    #[error(transparent)]
    Platform(#[from] PlatformError),
}

impl Expectation {
    /// The rule that is to find it.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The platform that is to have it; `None` for the index as a whole.
    #[must_use]
    pub fn platform(&self) -> Option<Platform> {
        self.platform
    }

    /// Whether a finding is the one expected: the same rule, path and platform.
    #[must_use]
    pub fn is_met_by(&self, finding: &Finding) -> bool {
        self.rule == finding.rule
            && self.path.as_deref() == finding.path()
            && self.platform == finding.platform()
    }
}

impl FromStr for Expectation {
    type Err = ExpectationError;

    fn from_str(text: &str) -> Result<Self, ExpectationError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (rule, path, platform) = match words.as_slice() {
            [rule] => (rule, None, None),
            [rule, path] if path.starts_with('/') => (rule, Some(path), None),
            [rule, platform] => (rule, None, Some(platform)),
            [rule, path, platform] => (rule, Some(path), Some(platform)),
            _ => return Err(ExpectationError::Shape),
        };
        Ok(Self {
            rule: rule.parse()?,
            path: path.map(|it| (*it).to_owned()),
            platform: platform.map(|it| it.parse()).transpose()?,
        })
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rule)?;
        if let Some(path) = &self.path {
            write!(f, " {path}")?;
        }
        match self.platform {
            Some(platform) => write!(f, " {platform}"),
            None => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_written_as_they_are_read() {
        for text in [
            "ElfMachineMismatch /app/tool linux/arm64",
            "EntrypointMissing tool linux/arm/v6",
            "PlatformMissing linux/riscv64",
            "IndexNested",
        ] {
            assert_eq!(text.parse::<Expectation>().map(|it| it.to_string()).as_deref(), Ok(text));
        }
        assert!("NoSuchRule /a linux/arm64".parse::<Expectation>().is_err());
        assert!("RunFailed /a linux/bogus".parse::<Expectation>().is_err());
        assert!("".parse::<Expectation>().is_err());
    }

    #[test]
    fn timeouts_have_a_unit_and_a_range() {
        assert_eq!("1m 30s".parse(), Ok(Timeout(Duration::from_secs(90))));
        for wrong in ["30", "0s", "2h", "-1s", "soon"] {
            assert!(wrong.parse::<Timeout>().is_err(), "{wrong}");
        }
    }
}
