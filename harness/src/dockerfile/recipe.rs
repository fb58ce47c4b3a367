//! What a Dockerfile is built for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::platform::Platform;

/// A Dockerfile, and what it is built for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// What the user calls it: its path.
    pub name: String,
    /// What stands in it.
    pub text: String,
    /// The stage that is built; the last one where empty.
    pub target: String,
    /// Values of `ARG`s.
    pub args: BTreeMap<String, String>,
    /// Named contexts, by name.
    pub contexts: BTreeMap<String, String>,
    /// The platform that builds.
    pub build: Platform,
    /// The platforms that it is built for.
    pub platforms: Vec<Platform>,
    /// Whether anybody said so.
    pub selection: Selection,
}

/// Whether platforms are known to be all that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// Somebody named them, or they are what was built.
    Named,
    /// Nobody did: there may be others.
    Assumed,
}
