//! A step in a provenance statement.

use serde::Deserialize;
use serde_json::Value;

/// A step: what it does, and the steps whose results it takes, as `step4:0`.
#[derive(Deserialize)]
pub(super) struct Node {
    pub(super) id: String,
    #[serde(default)]
    pub(super) op: Op,
    #[serde(default)]
    pub(super) inputs: Vec<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Op {
    #[serde(rename = "Op", default)]
    pub(super) op: Value,
    #[serde(default)]
    pub(super) platform: Option<OpPlatform>,
}

/// `pb.Platform`; absent fields are empty.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OpPlatform {
    #[serde(default)]
    pub(super) architecture: String,
    #[serde(rename = "OS", default)]
    pub(super) os: String,
    #[serde(default)]
    pub(super) variant: String,
}
