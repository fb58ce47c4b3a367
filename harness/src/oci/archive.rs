//! An OCI image layout inside a tar file, read in place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use thiserror::Error;

use super::{Descriptor, Digest, Hashing, Image, Index};

/// No JSON document of a sane image comes near; a larger one is refused unread.
const DOCUMENT_LIMIT: u64 = 16 << 20;

/// A layout whose blobs are read from the tar file on demand, by several threads at once.
#[derive(Clone, Debug)]
pub struct Archive {
    file: Arc<File>,
    index: Index,
    blobs: Arc<BTreeMap<Digest, Span>>,
}

/// Where a blob lies in the file, in bytes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u64,
    size: u64,
}

/// Why an archive is not an image that can be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file cannot be read, or is no tar.
    #[error("cannot read the image archive")]
    Read(#[source] io::Error),
    /// There is no `index.json`.
    #[error("the archive has no index.json: it is not an OCI image layout")]
    NoIndex,
    /// The layout holds several images, or none.
    #[error("the archive holds {0} images: expected one")]
    ImageCount(usize),
    /// A blob that a descriptor names is not there.
    #[error("the blob {0} is missing")]
    BlobMissing(Digest),
    /// A blob is not what its descriptor says.
    #[error("the blob {expected} has the digest {actual}")]
    DigestMismatch {
        /// What the descriptor says.
        expected: Digest,
        /// What the bytes give.
        actual: Digest,
    },
    /// A document is too large to be one.
    #[error("the document {0} is larger than 16 MiB")]
    TooLarge(Digest),
    /// A document does not have its format.
    #[error("the document {name} is malformed")]
    Malformed {
        /// Its digest or file name.
        name: String,
        /// What is wrong, with line and column.
        #[source]
        source: serde_json::Error,
    },
}

impl Archive {
    /// Finds the blobs of a layout.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is no tar with an `index.json`.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = File::open(path).map_err(ArchiveError::Read)?;
        let mut blobs = BTreeMap::new();
        let mut index = None;
        let mut tar = tar::Archive::new(&file);
        for entry in tar.entries_with_seek().map_err(ArchiveError::Read)? {
            let mut entry = entry.map_err(ArchiveError::Read)?;
            let path = entry.path().map_err(ArchiveError::Read)?.into_owned();
            let path = path.strip_prefix(".").unwrap_or(&path);
            if path == Path::new("index.json") {
                index = Some(read_index(&mut entry)?);
            } else if let Some(digest) = blob_digest(path) {
                let span = Span { start: entry.raw_file_position(), size: entry.size() };
                blobs.insert(digest, span);
            }
        }
        let index = index.ok_or(ArchiveError::NoIndex)?;
        Ok(Self { file: Arc::new(file), index, blobs: Arc::new(blobs) })
    }

    /// The one image of the layout.
    ///
    /// # Errors
    ///
    /// When there is not exactly one, or its index cannot be read.
    pub fn image(&self) -> Result<Image, ArchiveError> {
        // An image of several tags stands there once for each.
        let digests: BTreeSet<Digest> = self.index.manifests.iter().map(|it| it.digest).collect();
        let descriptor = match self.index.manifests.as_slice() {
            [descriptor, ..] if digests.len() == 1 => descriptor,
            _ => return Err(ArchiveError::ImageCount(digests.len())),
        };
        if descriptor.media_type.is_index() {
            let index = self.document(descriptor)?;
            return Ok(Image::Index { descriptor: descriptor.clone(), index });
        }
        Ok(Image::Single(descriptor.clone()))
    }

    /// Reads a JSON document and checks its digest.
    ///
    /// # Errors
    ///
    /// When it is missing, too large, not what its digest says, or malformed.
    pub fn document<T: DeserializeOwned>(
        &self,
        descriptor: &Descriptor,
    ) -> Result<T, ArchiveError> {
        let bytes = self.document_bytes(descriptor.digest)?;
        serde_json::from_slice(&bytes).map_err(|source| ArchiveError::Malformed {
            name: descriptor.digest.to_string(),
            source,
        })
    }

    /// A document's bytes, checked against the digest.
    ///
    /// # Errors
    ///
    /// When it is missing, too large, or not what its digest says.
    pub fn document_bytes(&self, expected: Digest) -> Result<Vec<u8>, ArchiveError> {
        let reader = self.blob(expected)?;
        if reader.remaining() > DOCUMENT_LIMIT {
            return Err(ArchiveError::TooLarge(expected));
        }
        let mut bytes = Vec::new();
        let mut hashing = Hashing::new(reader);
        hashing.read_to_end(&mut bytes).map_err(ArchiveError::Read)?;
        let (actual, _) = hashing.finish().map_err(ArchiveError::Read)?;
        if actual != expected {
            return Err(ArchiveError::DigestMismatch { expected, actual });
        }
        Ok(bytes)
    }

    /// Opens a blob. Its digest is not checked: whoever reads it to the end does that.
    ///
    /// # Errors
    ///
    /// When the archive does not hold it.
    pub fn blob(&self, digest: Digest) -> Result<BlobReader, ArchiveError> {
        let span = self.blobs.get(&digest).ok_or(ArchiveError::BlobMissing(digest))?;
        Ok(BlobReader { file: Arc::clone(&self.file), at: span.start, end: span.start + span.size })
    }
}

fn read_index(entry: &mut impl Read) -> Result<Index, ArchiveError> {
    let mut text = Vec::new();
    entry.take(DOCUMENT_LIMIT).read_to_end(&mut text).map_err(ArchiveError::Read)?;
    serde_json::from_slice(&text)
        .map_err(|source| ArchiveError::Malformed { name: "index.json".to_owned(), source })
}

fn blob_digest(path: &Path) -> Option<Digest> {
    let hex = path.strip_prefix("blobs/sha256").ok()?.to_str()?;
    format!("sha256:{hex}").parse().ok()
}

/// Reads one blob of an [`Archive`] without moving the file's own position.
#[derive(Debug)]
pub struct BlobReader {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl BlobReader {
    /// The bytes not yet read.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.end - self.at
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // On 32-bit hosts the rest of a blob may not fit usize: the buffer's size does.
        let wanted = usize::try_from(self.remaining()).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
