//! The findings that a case exists to provoke.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::platform::{Platform, PlatformError};
use crate::rules::{Finding, Rule, UnknownRule};

/// A finding that a case exists to provoke: `Rule [path] [platform]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedFinding {
    rule: Rule,
    path: Option<String>,
    platform: Option<Platform>,
}

/// Why a text is no [`ExpectedFinding`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedFindingError {
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

impl ExpectedFinding {
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

impl FromStr for ExpectedFinding {
    type Err = ExpectedFindingError;

    fn from_str(text: &str) -> Result<Self, ExpectedFindingError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (rule, path, platform) = match words.as_slice() {
            [rule] => (rule, None, None),
            [rule, path] if path.starts_with('/') => (rule, Some(path), None),
            [rule, platform] => (rule, None, Some(platform)),
            [rule, path, platform] => (rule, Some(path), Some(platform)),
            _ => return Err(ExpectedFindingError::Shape),
        };
        Ok(Self {
            rule: rule.parse()?,
            path: path.map(|it| (*it).to_owned()),
            platform: platform.map(|it| it.parse()).transpose()?,
        })
    }
}

impl fmt::Display for ExpectedFinding {
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

impl<'de> Deserialize<'de> for ExpectedFinding {
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
            assert_eq!(
                text.parse::<ExpectedFinding>().map(|it| it.to_string()).as_deref(),
                Ok(text)
            );
        }
        assert!("NoSuchRule /a linux/arm64".parse::<ExpectedFinding>().is_err());
        assert!("RunFailed /a linux/bogus".parse::<ExpectedFinding>().is_err());
        assert!("".parse::<ExpectedFinding>().is_err());
    }
}
