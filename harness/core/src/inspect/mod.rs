//! From an image to its facts: every layer is read once, whichever variants share it, and each
//! variant's filesystem is put together from the facts.

mod assembly;
mod cache;
mod content;
mod decoder;
mod foreign;
mod header;
mod layer;
mod pipe;
mod reader;

/// Changes with the sources that read layers: facts of another version are not this one's.
pub const FACTS_VERSION: &str = env!("FACTS_VERSION");

pub use assembly::{AssemblyError, assemble};
pub use cache::{LayerCache, NoCache};
pub use content::{ELF_LIMIT, read_content};
pub use layer::{Change, LayerEntry, LayerError, LayerFacts, copy_tar, read_layer};
pub use reader::{InspectError, inspect};
