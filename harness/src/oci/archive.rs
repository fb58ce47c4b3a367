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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;
    use tempfile::NamedTempFile;

    use super::*;
    use crate::fixture::{Image as Fixture, Layout, Variant};

    fn layout() -> Layout {
        Fixture::of([Variant::healthy("linux/arm64")]).layout()
    }

    fn open_bytes(bytes: &[u8]) -> Result<Archive, ArchiveError> {
        let mut file = NamedTempFile::new().expect("a temporary file");
        file.write_all(bytes).expect("a temporary file");
        Archive::open(file.path())
    }

    #[test]
    fn blobs_are_read_in_place() {
        let archive = layout().open().expect("an archive");
        let image = archive.image().expect("an image");
        let Image::Index { descriptor, index } = image else { panic!("an index") };
        let bytes = archive.document_bytes(descriptor.digest).expect("a blob");
        assert_eq!(Digest::of(&bytes), descriptor.digest);
        let manifest: super::super::Manifest =
            archive.document(&index.manifests[0]).expect("a manifest");
        assert_eq!(manifest.layers.len(), 1);
    }

    #[test]
    fn what_is_no_layout_is_refused() {
        let tar = std::fs::read(layout().write().path()).expect("a temporary file");
        for (what, bytes) in [
            ("garbage", b"no tar at all".repeat(99)),
            ("a compressed layout", b"\x1f\x8b\x08\0\0\0\0\0".repeat(99)),
        ] {
            let error = open_bytes(&bytes).expect_err(what);
            assert!(matches!(error, ArchiveError::Read(_)), "{what}: {error:?}");
        }
        for broken_off in [0, tar.len() / 2] {
            assert!(matches!(open_bytes(&tar[..broken_off]), Err(ArchiveError::NoIndex)));
        }
        assert!(matches!(Archive::open(Path::new("/nowhere")), Err(ArchiveError::Read(_))));
        let mut bare = layout();
        bare.remove("index.json");
        assert!(matches!(bare.open(), Err(ArchiveError::NoIndex)));
        let mut broken = layout();
        broken.set("index.json", b"{\"manifests\": 1}".to_vec());
        let error = broken.open().expect_err("malformed");
        assert_eq!(error.to_string(), "the document index.json is malformed");
    }

    #[test]
    fn a_layout_holds_one_image() {
        let one = |text: &str| {
            json!({"mediaType": "application/vnd.oci.image.index.v1+json",
                   "digest": Digest::of(text.as_bytes()), "size": 1})
        };
        let count = |images: &[serde_json::Value]| {
            let archive = layout().with_images(images).open().expect("an archive");
            match archive.image() {
                Err(ArchiveError::ImageCount(count)) => Some(count),
                _ => None,
            }
        };
        assert_eq!(count(&[]), Some(0));
        assert_eq!(count(&[one("a"), one("b")]), Some(2));
        assert_eq!(count(&[one("a"), one("a")]), None, "the same under two tags");
    }

    #[test]
    fn documents_are_what_their_digest_says() {
        let original = layout();
        let archive = original.open().expect("an archive");
        let digest = archive.image().expect("an image").descriptor().digest;
        let path = format!("blobs/sha256/{}", digest.hex());

        let mut changed = original.clone();
        changed.set(&path, [original.get(&path), b" "].concat());
        let archive = changed.open().expect("an archive");
        assert!(matches!(archive.image(), Err(ArchiveError::DigestMismatch { .. })));

        let mut missing = original;
        missing.remove(&path);
        let archive = missing.open().expect("an archive");
        assert!(matches!(archive.image(), Err(ArchiveError::BlobMissing(it)) if it == digest));
    }

    #[test]
    fn documents_have_their_format_and_size() {
        let text = b"{\"manifests\": {}}".to_vec();
        let huge = vec![b' '; usize::try_from(DOCUMENT_LIMIT).expect("16 MiB") + 1];
        for (bytes, message) in [(text, "is malformed"), (huge, "is larger than 16 MiB")] {
            let digest = Digest::of(&bytes);
            let descriptor = json!({"mediaType": "application/vnd.oci.image.index.v1+json",
                                    "digest": digest, "size": bytes.len()});
            let mut layout = layout().with_images(&[descriptor]);
            layout.set(&format!("blobs/sha256/{}", digest.hex()), bytes);
            let error = layout.open().expect("an archive").image().expect_err(message);
            assert!(error.to_string().ends_with(message), "{error}");
        }
    }
}
