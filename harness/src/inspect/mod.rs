//! From an image to its facts: every layer is read once, whichever variants share it, and each
//! variant's filesystem is put together from the facts.

mod account;
mod assembly;
mod cache;
mod content;
mod decoder;
mod facts;
mod handover;
mod header;
mod init;
mod launch;
mod layer;
mod loader_cache;
mod packages;
mod path;
mod pipe;
mod reader;
mod rootfs;
mod tree;

pub(crate) use crate::text::escape;
pub use account::{Account, AccountError};
pub use assembly::AssemblyError;
pub use cache::FactsCache;
pub use content::{Content, ForeignFormat, Misplacement, Shebang};
pub use facts::{
    BlobFault, BlobFaultKind, BlobField, BlobRole, Contradiction, EntryNumber, ImageFacts, Layer,
    Oddity, OddityKind, Unreadable, Variant,
};
pub use launch::{
    Arguments, Command, DEFAULT_PATH, Launch, LaunchError, Launches, ShebangFault, variable,
};
pub use layer::{Change, LayerEntry, LayerError, LayerFacts, copy_tar, read_layer};
pub use loader_cache::{CacheEntry, Hardware, LoaderCache};
pub use packages::Packages;
pub use path::ImagePath;
pub use reader::{InspectError, inspect};
pub use rootfs::{Node, NodeKind, ResolveError, RootFs};
pub use tree::{Tree, TreeError, inspect_tree};
