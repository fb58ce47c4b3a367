//! Images as the OCI image-spec describes them: digests, documents, and the folders and archives
//! that hold them.
//!
//! Whatever an image lies in, it is opened as an [`OpenImage`]: an index, or a manifest without
//! one, with blobs on demand. What an image says is read as it was written, malformed values
//! included, for a verifier has to report them.
//!
//! Source: [OCI image-spec v1.1.1](https://github.com/opencontainers/image-spec/tree/v1.1.1).

mod archive;
mod blobs;
mod budget;
mod digest;
mod document;
mod file;
mod image;
mod layout;
mod saved;
mod storage;
mod tar_file;
#[cfg(test)]
mod tests;

pub use archive::{open_archive, open_docker_archive, open_docker_file};
pub use blobs::{BlobError, Blobs, Known};
pub(crate) use budget::{Budget, Guarded};
pub use digest::{Algorithm, Digest, DigestError, Hashing, Mismatch};
pub use document::{
    Compression, Descriptor, History, Image, ImageConfig, Index, Manifest, MediaType, RawPlatform,
    RootFsConfig, RunConfig,
};
pub use image::{DOCUMENT_LIMIT, DocumentError, OpenImage, is_schema_1};
pub use layout::{LayoutError, LayoutErrorKind, Names, open_layout};
pub use storage::{FileIdentity, Storage};
