//! What an image is, before anything of it was run.

use serde::{Deserialize, Serialize};

mod content;
mod describe;
pub(crate) mod loader_cache;
pub(crate) mod packages;
mod path;
mod rootfs;

pub use content::{Content, ForeignFormat, Misplacement, Shebang};
pub use describe::describe_content;
pub use loader_cache::{CacheEntry, Hardware, LoaderCache};
pub use packages::Packages;
pub use path::ImagePath;
pub use rootfs::{Node, NodeKind, ResolveError, RootFs};

use crate::oci::{Digest, RawPlatform, RunConfig};
use crate::platform::Platform;

/// An image: what its index says, and each of its variants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImageFacts {
    /// The digest of the index, or of the only manifest.
    pub digest: Digest,
    /// The platforms that were asked for; empty where the image alone decides.
    pub requested: Vec<Platform>,
    /// Entries of the index that are no variant of a platform there is.
    pub oddities: Vec<Oddity>,
    /// The variants, by platform, then in the order of the index.
    pub variants: Vec<Variant>,
    /// Variants whose blobs are not what the image promises, by platform, then in the order of the
    /// index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Unreadable>,
    /// The platforms of further variants, which nobody asked for and which were not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Platform>,
}

/// A variant of which nothing else is known, because of what its own blobs are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The platform that it is published for; absent where the index does not state it and the
    /// config cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The manifest's digest.
    pub digest: Digest,
    /// What is wrong with which of its blobs: at least one.
    pub faults: Vec<BlobFault>,
}

/// Why a blob cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobFault {
    /// What the image has it for.
    pub role: BlobRole,
    /// The digest that its descriptor states.
    pub digest: Digest,
    /// What is wrong with it.
    pub kind: BlobFaultKind,
}

impl std::fmt::Display for BlobFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { role, digest, kind } = self;
        match kind {
            BlobFaultKind::Missing => write!(f, "the {role} {digest} is missing"),
            BlobFaultKind::Contradicted(Contradiction { field, actual, .. }) => {
                write!(f, "the {field} of the {role} {digest} is not what was stated: {actual}")
            }
            BlobFaultKind::Unusable { reason } => {
                write!(f, "cannot read the {role} {digest}: {reason}")
            }
        }
    }
}

/// What an image has a blob for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobRole {
    /// It says of what the variant is made.
    Manifest,
    /// It says how the variant is run.
    Config,
    /// It holds files.
    Layer,
}

impl std::fmt::Display for BlobRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Manifest => "manifest",
            Self::Config => "config",
            Self::Layer => "layer",
        })
    }
}

/// What is wrong with a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlobFaultKind {
    /// It is not there.
    Missing,
    /// Its bytes are not those that its descriptor states.
    Contradicted(Contradiction),
    /// Its bytes are those that its descriptor states, and cannot be read: whether the image is at
    /// fault is not known.
    Unusable {
        /// Why they cannot be read.
        reason: String,
    },
}

/// An entry of the index that cannot be a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oddity {
    /// The entry's manifest.
    pub digest: Digest,
    /// What is odd about it.
    pub kind: OddityKind,
}

/// Why an entry of the index cannot be a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OddityKind {
    /// It is an index itself.
    Nested,
    /// Its platform does not exist.
    Platform {
        /// As the index states it.
        stated: RawPlatform,
        /// What is wrong with it.
        reason: String,
    },
    /// It is for another operating system or architecture, and nothing is wrong with that.
    OtherSystem {
        /// As the index states it.
        stated: RawPlatform,
    },
}

impl ImageFacts {
    /// The platforms of all variants that were to be read, each with its manifest.
    pub fn entries(&self) -> impl Iterator<Item = (Platform, Digest)> {
        let unreadable = self.unreadable.iter().filter_map(|it| Some((it.platform?, it.digest)));
        self.variants.iter().map(|it| (it.platform, it.digest)).chain(unreadable)
    }
}

/// The position of an entry in its index, from 0; 0 as well for an image without an index. Two entries
/// may name one manifest, for two platforms or for one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EntryNumber(pub usize);

impl std::fmt::Display for EntryNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One platform's image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variant {
    /// Its entry of the index.
    pub entry: EntryNumber,
    /// The platform that it is published for: the index's claim, or else the config's.
    pub platform: Platform,
    /// The manifest's digest.
    pub digest: Digest,
    /// The digest of the config.
    pub config_digest: Digest,
    /// What the config says it is for.
    pub config_platform: RawPlatform,
    /// When it was made, as its config states it; empty where that does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub created: String,
    /// How it is run.
    pub config: RunConfig,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// `diff_id`s of the config for which the manifest has no layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surplus: Vec<Digest>,
    /// Its files.
    pub files: RootFs,
}

/// One layer of a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// The compressed blob's digest, as the manifest states it.
    pub digest: Digest,
    /// The build step that made it, where the config's history says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// What the files that it writes take, in bytes, uncompressed; absent in evidence of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Statements about the layer that its bytes contradict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Contradiction>,
}

/// A statement about a blob that its bytes contradict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// What was stated: `digest`, `size` or `diff_id`.
    pub field: BlobField,
    /// The value stated.
    pub stated: String,
    /// The value of the bytes.
    pub actual: String,
}

/// The statements that can be checked against a blob's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobField {
    /// The descriptor's digest.
    Digest,
    /// The descriptor's size.
    Size,
    /// The config's digest of the uncompressed layer.
    DiffId,
}

impl std::fmt::Display for BlobField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Digest => "digest",
            Self::Size => "size",
            Self::DiffId => "diff_id",
        })
    }
}
