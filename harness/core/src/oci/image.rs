//! An image that can be read: its documents and its blobs.

use std::io::{self, Read};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::{BlobError, Blobs, Descriptor, Digest, Image, Index, Manifest, Mismatch, Storage};

/// No JSON document of a sane image comes near; a larger one is refused.
pub const DOCUMENT_LIMIT: u64 = 16 << 20;

/// An index, or a manifest without one, with blobs that are read on demand.
#[derive(Clone, Debug)]
pub struct OpenImage {
    root: Box<Image>,
    blobs: Arc<dyn Blobs>,
}

/// Why a document of an image cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It cannot be fetched.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// It is not what its descriptor says.
    #[error("the blob {} has the digest {}", .0.expected, .0.actual)]
    DigestMismatch(Box<Mismatch>),
    /// It is longer or shorter than its descriptor says.
    #[error("the blob {digest} has {actual} bytes, its descriptor says {stated}")]
    SizeMismatch {
        /// Which.
        digest: Digest,
        /// What the descriptor says.
        stated: u64,
        /// How many there are.
        actual: u64,
    },
    /// It is too large to be one.
    #[error("the document {0} is larger than 16 MiB")]
    TooLarge(Digest),
    /// It does not have its format.
    #[error("the document {digest} is malformed")]
    Malformed {
        /// Which.
        digest: Digest,
        /// What is wrong, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// It is in a format that engines have given up.
    #[error(
        "{0} is a Docker manifest of schema 1, which Docker no longer reads either: \
         build and push the image again"
    )]
    Schema1(Digest),
    /// Nothing that the index names is there.
    #[error("none of the manifests that the index {0} names is there with all of its blobs")]
    AllAbsent(Digest),
}

impl OpenImage {
    /// Opens the image that a descriptor names, and reads its index if it has one.
    ///
    /// # Errors
    ///
    /// When the index cannot be read, or the image is in a format of old.
    pub fn open(
        descriptor: Descriptor,
        blobs: impl Blobs + 'static,
    ) -> Result<Self, DocumentError> {
        if descriptor.media_type.is_schema_1() {
            return Err(DocumentError::Schema1(descriptor.digest));
        }
        if !descriptor.media_type.is_index() {
            return Ok(Self::new(Image::Single(descriptor), blobs));
        }
        let bytes = verified(&descriptor, blobs.manifest(&descriptor)?)?;
        let index: Index = parse(descriptor.digest, &bytes)?;
        Ok(Self::new(Image::Index { descriptor, index }, blobs))
    }

    /// An image whose index has been read.
    pub fn new(root: Image, blobs: impl Blobs + 'static) -> Self {
        Self { root: Box::new(root), blobs: Arc::new(blobs) }
    }

    /// The index, or the manifest.
    #[must_use]
    pub fn root(&self) -> &Image {
        &self.root
    }

    /// Reads a manifest and checks it against its descriptor.
    ///
    /// # Errors
    ///
    /// When it is missing, too large, not what its descriptor says, malformed, or of schema 1.
    pub fn manifest(&self, descriptor: &Descriptor) -> Result<Manifest, DocumentError> {
        if descriptor.media_type.is_schema_1() {
            return Err(DocumentError::Schema1(descriptor.digest));
        }
        let bytes = verified(descriptor, self.blobs.manifest(descriptor)?)?;
        parse(descriptor.digest, &bytes).map_err(|error| {
            if is_schema_1(&bytes) { DocumentError::Schema1(descriptor.digest) } else { error }
        })
    }

    /// Reads any other JSON document, such as the config, and checks it against its descriptor.
    ///
    /// # Errors
    ///
    /// When it is missing, too large, not what its descriptor says, or malformed.
    pub fn document<T: DeserializeOwned>(
        &self,
        descriptor: &Descriptor,
    ) -> Result<T, DocumentError> {
        parse(descriptor.digest, &verified(descriptor, self.blobs.blob(descriptor)?)?)
    }

    /// Opens a blob. Neither its digest nor its size is checked: whoever reads it to the end does
    /// that.
    ///
    /// # Errors
    ///
    /// When it is missing or cannot be read.
    pub fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.blobs.blob(descriptor)
    }

    /// Where a blob is kept.
    ///
    /// # Errors
    ///
    /// When that cannot be told.
    pub fn storage(&self, descriptor: &Descriptor) -> Result<Storage, BlobError> {
        self.blobs.storage(descriptor)
    }

    /// Leaves out of the index what is not there with all of its blobs: an engine that has pulled
    /// one platform keeps an index that names them all. The digest stays that of the whole index.
    ///
    /// # Errors
    ///
    /// When nothing is left, or what is there cannot be read.
    pub fn without_absent(mut self) -> Result<Self, DocumentError> {
        let Image::Index { descriptor, index } = &*self.root else { return Ok(self) };
        let (descriptor, mut manifests) = (descriptor.clone(), Vec::new());
        for entry in &index.manifests {
            if entry.media_type.is_index() || self.is_present(entry)? {
                manifests.push(entry.clone());
            }
        }
        if manifests.iter().all(Descriptor::is_attestation) && !index.manifests.is_empty() {
            return Err(DocumentError::AllAbsent(descriptor.digest));
        }
        *self.root = Image::Index { descriptor, index: Index { manifests } };
        Ok(self)
    }

    fn is_present(&self, descriptor: &Descriptor) -> Result<bool, DocumentError> {
        let manifest = match self.manifest(descriptor) {
            Ok(manifest) => manifest,
            Err(DocumentError::Blob(BlobError::Missing(_))) => return Ok(false),
            Err(error @ DocumentError::Blob(_)) => return Err(error),
            // It is there, whatever it is: whoever reads it says so.
            Err(_) => return Ok(true),
        };
        for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
            match self.blobs.blob(blob) {
                Ok(_) => {}
                Err(BlobError::Missing(_)) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }
}

/// Reads a document to its end if that is as near as its descriptor says.
fn verified(descriptor: &Descriptor, reader: impl Read) -> Result<Vec<u8>, DocumentError> {
    let expected = descriptor.digest;
    let unreadable = |source| DocumentError::Blob(BlobError::Read { digest: expected, source });
    let bytes = read_limited(reader).map_err(unreadable)?;
    let bytes = bytes.ok_or(DocumentError::TooLarge(expected))?;
    let actual = Digest::with(expected.algorithm(), &bytes);
    if actual != expected {
        return Err(DocumentError::DigestMismatch(Box::new(Mismatch { expected, actual })));
    }
    let (stated, actual) = (descriptor.size, bytes.len() as u64);
    if actual != stated {
        return Err(DocumentError::SizeMismatch { digest: expected, stated, actual });
    }
    Ok(bytes)
}

/// Reads what is no longer than a document may be; `None` for what is.
pub(super) fn read_limited(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(DOCUMENT_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= DOCUMENT_LIMIT).then_some(bytes))
}

fn parse<T: DeserializeOwned>(digest: Digest, bytes: &[u8]) -> Result<T, DocumentError> {
    serde_json::from_slice(bytes).map_err(|source| DocumentError::Malformed { digest, source })
}

/// Whether a document that names no media type is a manifest of schema 1.
#[must_use]
pub fn is_schema_1(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        schema_version: u64,
    }
    serde_json::from_slice(bytes).is_ok_and(|it: Version| it.schema_version == 1)
}
