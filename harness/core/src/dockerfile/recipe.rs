//! What a Dockerfile is built for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::platform::Platform;

use super::evaluate::{Evaluated, Inputs};
use super::syntax::Dockerfile;

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
    /// What the builder found wanting of the base images, sorted; empty where nobody asked it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfit: Vec<UnfitBase>,
}

impl Recipe {
    /// The Dockerfile, taken apart before, for a platform, which need not be one of its own.
    #[must_use]
    pub fn evaluate(&self, file: &Dockerfile, platform: Platform) -> Evaluated {
        let inputs = Inputs {
            target: &self.target,
            args: &self.args,
            contexts: &self.contexts,
            build: self.build,
            platform,
        };
        Evaluated::new(file, &inputs)
    }
}

/// A base image that has nothing for a platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnfitBase {
    /// The image as the `FROM` names it, with its variables replaced.
    pub image: String,
    /// The platform of the stage.
    pub platform: Platform,
    /// What there is instead.
    pub offer: BaseOffer,
}

/// What an image has in place of the platform that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseOffer {
    /// An index: these of the platforms that are known by name, sorted. The builder refuses it.
    Others(Vec<Platform>),
    /// An image for this platform, as it states it. The builder takes it all the same.
    One(String),
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
