//! CPU models: the oldest processor that a platform's name promises.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::platform::Platform;

/// The processor that a program sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum CpuModel {
    /// Whatever the host or its emulator has when nobody says: everything they can do.
    Default,
    /// A model by QEMU's name for it, such as `cortex-a53`.
    Named(String),
}

/// A text that can be no model's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not the name of a processor: expected one of QEMU's, such as cortex-a72 or max,sve=off"
)]
pub struct ModelError(String);

/// The processors that somebody named; all other platforms have the one that their name promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processors(BTreeMap<Platform, CpuModel>);

impl Processors {
    /// These, by platform.
    #[must_use]
    pub const fn named(models: BTreeMap<Platform, CpuModel>) -> Self {
        Self(models)
    }

    /// These, and where they say nothing, others.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        let mut models = others.0.clone();
        models.extend(self.0.clone());
        Self(models)
    }

    /// The processor of a platform.
    ///
    /// # Errors
    ///
    /// Where nobody named one, and none is what the platform promises.
    pub fn of_platform(&self, platform: Platform) -> Result<CpuModel, NoModel> {
        self.0.get(&platform).map_or_else(|| CpuModel::baseline(platform), |it| Ok(it.clone()))
    }

    /// Whether somebody named it.
    #[must_use]
    pub fn has(&self, platform: Platform) -> bool {
        self.0.contains_key(&platform)
    }
}

/// There is no model of a platform's promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("QEMU emulates no processor of {0}: --cpu {0}=MODEL names another to run it on")]
pub struct NoModel(pub Platform);

/// The name of [`CpuModel::Default`].
const DEFAULT: &str = "default";

impl CpuModel {
    /// The model of an architecture with all that the emulator can do.
    #[must_use]
    pub fn newest(platform: Platform) -> Self {
        Self::Named(platform.facts().newest.to_owned())
    }

    /// The oldest processor that a platform's name promises.
    ///
    /// # Errors
    ///
    /// For amd64/v4: QEMU translates no AVX-512.
    pub fn baseline(platform: Platform) -> Result<Self, NoModel> {
        let name = platform.facts().baseline.ok_or(NoModel(platform))?;
        Ok(Self::Named(name.to_owned()))
    }

    /// The model's name for people: without the list of what it is to lack.
    #[must_use]
    pub fn brief(&self) -> String {
        let (model, features) = self.name().split_once(',').unwrap_or((self.name(), ""));
        let features: Vec<&str> = features.split(',').filter(|it| !it.is_empty()).collect();
        if features.is_empty() {
            model.to_owned()
        } else if features.iter().all(|it| it.ends_with("=off")) {
            let s = if features.len() == 1 { "" } else { "s" };
            format!("{model} without {} feature{s}", features.len())
        } else {
            self.name().to_owned()
        }
    }

    /// The model's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Default => DEFAULT,
            Self::Named(name) => name,
        }
    }
}

impl FromStr for CpuModel {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let is_fine = |it: char| it.is_ascii_alphanumeric() || "-_.,=+".contains(it);
        if text.is_empty() || text == DEFAULT || !text.chars().all(is_fine) {
            return Err(ModelError(text.to_owned()));
        }
        Ok(Self::Named(text.to_owned()))
    }
}

impl From<String> for CpuModel {
    fn from(name: String) -> Self {
        if name == DEFAULT { Self::Default } else { Self::Named(name) }
    }
}

impl From<CpuModel> for String {
    fn from(model: CpuModel) -> Self {
        model.name().to_owned()
    }
}

impl fmt::Display for CpuModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_that_is_built_by_default_has_a_baseline() {
        let names = Platform::ALL.map(|it| CpuModel::baseline(it).expect("a model").to_string());
        let z13 = "max,vxeh=off,vxeh2=off,minste2=off,minste3=off";
        let expected =
            ["qemu32", "qemu64", "arm1176", "cortex-a7", "cortex-a53", "power8", "rv64", z13];
        assert_eq!(names, expected);
        let v4: Platform = "linux/amd64/v4".parse().expect("a platform");
        assert_eq!(CpuModel::baseline(v4), Err(NoModel(v4)));
    }

    #[test]
    fn what_a_model_lacks_is_counted() {
        let z13 = CpuModel::baseline("linux/s390x".parse().expect("a platform"));
        assert_eq!(z13.expect("a model").brief(), "max without 4 features");
        assert_eq!(CpuModel::Named("rv64".to_owned()).brief(), "rv64");
    }

    #[test]
    fn a_model_is_its_name() {
        for model in [CpuModel::Default, CpuModel::Named("max".to_owned())] {
            let text = serde_json::to_string(&model).expect("a string");
            assert_eq!(text, format!("\"{model}\""));
            assert_eq!(serde_json::from_str::<CpuModel>(&text).expect("a model"), model);
        }
    }
}
