//! Where an image's blobs come from.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use thiserror::Error;

use super::{Descriptor, Digest, Storage};

/// Gives blobs on demand, to several threads at once. Opening and reading may block.
///
/// What is read need not be what the descriptor says: whoever reads a blob to its end compares
/// the digest and the size.
pub trait Blobs: fmt::Debug + Send + Sync {
    /// Opens a config or layer.
    ///
    /// # Errors
    ///
    /// When it is missing or cannot be read.
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError>;

    /// Opens an index or manifest. Registries alone keep these apart from other blobs.
    ///
    /// # Errors
    ///
    /// As [`Blobs::blob`].
    fn manifest(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.blob(descriptor)
    }

    /// Where a config or layer is kept.
    ///
    /// # Errors
    ///
    /// When that cannot be told.
    fn storage(&self, _: &Descriptor) -> Result<Storage, BlobError> {
        Ok(Storage::Registry)
    }
}

/// Why a blob cannot be fetched.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BlobError {
    /// It is not where it should be.
    #[error("the blob {0} is missing")]
    Missing(Digest),
    /// It is there, or may be, but cannot be read.
    #[error("cannot read the blob {digest}")]
    Read {
        /// Which.
        digest: Digest,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl BlobError {
    /// A failure to read a blob.
    #[must_use]
    pub fn read(descriptor: &Descriptor, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing(descriptor.digest),
            _ => Self::Read { digest: descriptor.digest, source },
        }
    }
}

/// Blobs that were made up or kept, before those of another source.
#[derive(Debug)]
pub struct Known<B> {
    known: BTreeMap<Digest, Arc<[u8]>>,
    others: B,
}

impl<B: Blobs> Known<B> {
    /// Puts blobs before those of another source.
    pub fn before(others: B, known: impl IntoIterator<Item = (Digest, Vec<u8>)>) -> Self {
        let known = known.into_iter().map(|(digest, bytes)| (digest, bytes.into())).collect();
        Self { known, others }
    }

    fn known(&self, descriptor: &Descriptor) -> Option<Box<dyn Read + Send>> {
        let bytes = Arc::clone(self.known.get(&descriptor.digest)?);
        Some(Box::new(Cursor::new(bytes)))
    }
}

impl<B: Blobs> Blobs for Known<B> {
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.known(descriptor).map_or_else(|| self.others.blob(descriptor), Ok)
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.known(descriptor).map_or_else(|| self.others.manifest(descriptor), Ok)
    }

    fn storage(&self, descriptor: &Descriptor) -> Result<Storage, BlobError> {
        self.others.storage(descriptor)
    }
}
