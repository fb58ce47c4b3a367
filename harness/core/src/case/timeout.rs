//! How long a run may take.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

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
        let expected = "expected a duration from 1ms to 1h, such as \"30s\"";
        match humantime::parse_duration(text) {
            Ok(time) if time >= Duration::from_millis(1) && time <= Self::MAX => Ok(Self(time)),
            Ok(_) => Err(format!("`{text}` is out of range: {expected}")),
            Err(error) => Err(format!("`{text}` is not a duration ({error}): {expected}")),
        }
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_have_a_unit_and_a_range() {
        assert_eq!("1m 30s".parse(), Ok(Timeout(Duration::from_secs(90))));
        for wrong in ["30", "0s", "2h", "-1s", "soon"] {
            assert!(wrong.parse::<Timeout>().is_err(), "{wrong}");
        }
    }
}
