//! Images as the OCI image-spec describes them: digests, documents and the layout that holds them.
//!
//! What an image says is read as it was written, malformed values included, for a verifier has
//! to report them.
//!
//! Source: [OCI image-spec v1.1.1](https://github.com/opencontainers/image-spec/tree/v1.1.1).

mod archive;
mod digest;
mod document;

pub use archive::{Archive, ArchiveError, BlobReader};
pub use digest::{Digest, DigestError, Hashing};
pub use document::{
    Compression, Descriptor, History, Image, ImageConfig, Index, Manifest, MediaType, RawPlatform,
    RootFsConfig, RunConfig,
};
