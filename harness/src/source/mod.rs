//! Where images come from that are not built: files, the engine, registries.
//!
//! A [`Source`] is what a user names. Opened, it is an [`OpenImage`](crate::oci::OpenImage) like
//! any other, or an unpacked root filesystem; from there on nothing knows where it came from.

mod credentials;
mod name;
mod open;
mod reference;
mod registry;
mod store;

pub(crate) use credentials::Login;
pub use credentials::{Credentials, CredentialsError};
pub use name::{FileName, Source, SourceName, SourceNameError};
pub use open::{Opened, Opener, Origin, SourceError};
pub(crate) use reference::{HUB, HUB_HOST};
pub use reference::{Reference, ReferenceError};
pub use registry::{RegistryError, RegistryErrorKind, TransferLimits, Visitor, is_retryable};
pub use store::StoreError;
