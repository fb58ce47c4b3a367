//! The JSON documents of an image: index, manifest, config.
//!
//! Fields that archproof does not use are ignored, as the image-spec demands of readers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::Digest;
use crate::platform::Platform;

/// A document's or blob's media type, as written.
///
/// Source: image-spec, media-types.md, and Docker's image manifest v2, schema 2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaType(pub String);

impl MediaType {
    /// Whether it names an OCI index or Docker manifest list.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(
            self.0.as_str(),
            "application/vnd.oci.image.index.v1+json"
                | "application/vnd.docker.distribution.manifest.list.v2+json"
        )
    }

    /// Whether it names one image's manifest.
    #[must_use]
    pub fn is_manifest(&self) -> bool {
        matches!(
            self.0.as_str(),
            "application/vnd.oci.image.manifest.v1+json"
                | "application/vnd.docker.distribution.manifest.v2+json"
        )
    }

    /// Whether it names a config that says how a container is run. Other configs belong to
    /// artifacts: Helm charts, signatures, the empty config.
    #[must_use]
    pub fn is_image_config(&self) -> bool {
        matches!(
            self.0.as_str(),
            "application/vnd.oci.image.config.v1+json"
                | "application/vnd.docker.container.image.v1+json"
        )
    }

    /// Whether it names a manifest from before there were config blobs.
    #[must_use]
    pub fn is_schema_1(&self) -> bool {
        self.0.starts_with("application/vnd.docker.distribution.manifest.v1+")
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How a layer of this type is compressed; `None` if it is no filesystem layer.
    #[must_use]
    pub fn layer_compression(&self) -> Option<Compression> {
        match self.0.as_str() {
            "application/vnd.oci.image.layer.v1.tar"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar"
            | "application/vnd.docker.image.rootfs.diff.tar" => Some(Compression::None),
            "application/vnd.oci.image.layer.v1.tar+gzip"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            | "application/vnd.docker.image.rootfs.diff.tar.gzip"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => {
                Some(Compression::Gzip)
            }
            "application/vnd.oci.image.layer.v1.tar+zstd"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
            | "application/vnd.docker.image.rootfs.diff.tar.zstd" => Some(Compression::Zstd),
            _ => None,
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How a layer's tar stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// Not at all.
    None,
    /// RFC 1952, possibly several members.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// A reference to a blob: what it is, its digest and its size in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    #[serde(default)]
    pub media_type: MediaType,
    /// The blob's digest.
    pub digest: Digest,
    /// The blob's size in bytes.
    pub size: u64,
    /// In an index: what the manifest is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<RawPlatform>,
    /// What the manifest holds, where that is no container image.
    #[serde(default, skip_serializing_if = "MediaType::is_empty")]
    pub artifact_type: MediaType,
    /// Free-form notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Describes a document.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: MediaType(media_type.to_owned()),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            platform: None,
            artifact_type: MediaType::default(),
            annotations: BTreeMap::new(),
        }
    }

    /// Whether the manifest annotates another one and is no variant of the image.
    ///
    /// Source: BuildKit, docs/attestations/attestation-storage.md.
    #[must_use]
    pub fn is_attestation(&self) -> bool {
        self.annotations
            .get("vnd.docker.reference.type")
            .is_some_and(|it| it == "attestation-manifest")
    }
}

/// A platform as an image states it, before it is known to be one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawPlatform {
    /// The operating system, a GOOS value.
    #[serde(default)]
    pub os: String,
    /// The CPU architecture, a GOARCH value.
    #[serde(default)]
    pub architecture: String,
    /// The variant of the architecture, empty where none is stated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl From<Platform> for RawPlatform {
    fn from(platform: Platform) -> Self {
        Self {
            os: "linux".to_owned(),
            architecture: platform.architecture_name().to_owned(),
            variant: platform.variant_name(),
        }
    }
}

impl fmt::Display for RawPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
        write!(f, "{}/{}", part(&self.os), part(&self.architecture))?;
        if !self.variant.is_empty() {
            write!(f, "/{}", self.variant)?;
        }
        Ok(())
    }
}

/// An image index: one manifest a platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Index {
    /// The entries, in the image's order.
    pub manifests: Vec<Descriptor>,
}

/// One platform's image.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// What it holds, where that is no container image.
    #[serde(default, skip_serializing_if = "MediaType::is_empty")]
    pub artifact_type: MediaType,
    /// The image's config.
    pub config: Descriptor,
    /// The layers, lowest first.
    #[serde(deserialize_with = "nullable")]
    pub layers: Vec<Descriptor>,
}

impl Manifest {
    /// Whether it is no container image, although it is stored as one.
    ///
    /// Source: image-spec, manifest.md, "Guidelines for Artifact Usage".
    #[must_use]
    pub fn is_artifact(&self) -> bool {
        let config = &self.config.media_type;
        // The first registries did not say, and engines still take that for an image.
        let is_unsaid = matches!(config.0.as_str(), "" | "application/octet-stream");
        !(config.is_image_config() || is_unsaid && self.artifact_type.is_empty())
    }
}

/// An image's config: its own claim of a platform, and how it is run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImageConfig {
    /// What the image says it is for.
    #[serde(flatten)]
    pub platform: RawPlatform,
    /// When it was made, as RFC 3339 writes it.
    #[serde(default)]
    pub created: Option<String>,
    /// How it is run.
    #[serde(default)]
    pub config: Option<RunConfig>,
    /// The uncompressed layers.
    #[serde(default)]
    pub rootfs: RootFsConfig,
    /// How the layers came to be.
    #[serde(default, deserialize_with = "nullable")]
    pub history: Vec<History>,
}

/// Reads `null` as nothing: so Go writes an empty list, and `FROM scratch` alone has no layers.
fn nullable<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The part of an image's config that a container inherits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunConfig {
    /// The command's fixed words.
    #[serde(default)]
    pub entrypoint: Option<Vec<String>>,
    /// The command's default words.
    #[serde(default)]
    pub cmd: Option<Vec<String>>,
    /// The environment, as `NAME=value`.
    #[serde(default)]
    pub env: Option<Vec<String>>,
    /// `user[:group]`, by name or number; empty is root.
    #[serde(default)]
    pub user: String,
    /// The working directory; empty is `/`.
    #[serde(default)]
    pub working_dir: String,
    /// The ports that it listens on: an object with a name for each, `PORT[/PROTOCOL]`. Only shown, so
    /// whatever stands there is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<serde_json::Value>,
    /// The folders that keep their contents outside of the container: an object as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volumes: Option<serde_json::Value>,
    /// The signal that ends it; absent is SIGTERM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<serde_json::Value>,
    /// How an engine finds out whether it is well. A Docker extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<serde_json::Value>,
    /// What executes commands that are one text. A Docker extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<serde_json::Value>,
    /// Instructions of images that are built on it. A Docker extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_build: Option<serde_json::Value>,
    /// What is said of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
}

impl RunConfig {
    /// The ports that it listens on.
    #[must_use]
    pub fn ports(&self) -> BTreeSet<&str> {
        names(self.exposed_ports.as_ref())
    }

    /// The folders that keep their contents outside of the container.
    #[must_use]
    pub fn volume_paths(&self) -> BTreeSet<&str> {
        names(self.volumes.as_ref())
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.as_ref()?.get(name).map(String::as_str)
    }
}

fn names(object: Option<&serde_json::Value>) -> BTreeSet<&str> {
    let object = object.and_then(serde_json::Value::as_object);
    object.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// The uncompressed layers of an image.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RootFsConfig {
    /// The digest of each layer's tar stream, lowest first.
    #[serde(default, deserialize_with = "nullable")]
    pub diff_ids: Vec<Digest>,
}

/// One build step as the config records it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct History {
    /// The command.
    #[serde(default)]
    pub created_by: String,
    /// Whether the step made no layer.
    #[serde(default)]
    pub empty_layer: bool,
}

/// An image with the digest it goes by: an index, or a single manifest without one.
#[derive(Clone, Debug)]
pub enum Image {
    /// Several platforms, or one with an index around it.
    Index {
        /// The index's own descriptor.
        descriptor: Descriptor,
        /// Its content.
        index: Index,
    },
    /// One platform without an index.
    Single(Descriptor),
}

impl Image {
    /// The descriptor of the index, or of the single manifest.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        match self {
            Self::Index { descriptor, .. } | Self::Single(descriptor) => descriptor,
        }
    }

    /// The descriptors of the manifests that the index names, or of the single one.
    pub fn manifests(&self) -> impl Iterator<Item = &Descriptor> {
        match self {
            Self::Index { index, .. } => index.manifests.iter(),
            Self::Single(descriptor) => std::slice::from_ref(descriptor).iter(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_layers_are_written_as_null() {
        let digest = Digest::of(b"config");
        let manifest =
            format!(r#"{{"config": {{"digest": "{digest}", "size": 6}}, "layers": null}}"#);
        let manifest: Manifest = serde_json::from_str(&manifest).expect("a manifest");
        assert_eq!(manifest.layers, []);
        let config = r#"{"config": null, "rootfs": {"diff_ids": null}, "history": null}"#;
        let config: ImageConfig = serde_json::from_str(config).expect("a config");
        assert_eq!(config.rootfs.diff_ids, []);
        assert!(config.history.is_empty());
    }
}
