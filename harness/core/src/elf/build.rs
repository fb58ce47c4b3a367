//! What tools that made the file wrote into it about themselves.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Go's build information.
///
/// Source: Go, debug/buildinfo and runtime/debug (`BuildInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoBuild {
    /// The toolchain: `go1.24.4`.
    pub version: String,
    /// The package of `main`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The main module.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// The main module's version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module_version: String,
    /// The settings, among them `GOOS`, `GOARCH`, `GOARM`, `GOAMD64`, `CGO_ENABLED` and `vcs.revision`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

impl GoBuild {
    /// The value of a setting.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
}

/// A version of Linux. Ordered by age, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KernelVersion {
    /// `6` of 6.12.3.
    pub major: u32,
    /// `12` of 6.12.3.
    pub minor: u32,
    /// `3` of 6.12.3.
    pub patch: u32,
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A tool that compresses programs, which then unpack themselves when started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Packer {
    /// UPX.
    Upx,
}

/// jemalloc, which has the size of a page compiled in and refuses to work where pages are larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Jemalloc {
    /// The largest page that it works with, in bytes.
    PageSize(u64),
    /// What it was compiled for could not be found.
    PageSizeUnknown,
}
