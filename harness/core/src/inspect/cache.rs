//! Facts that were read before.

use super::layer::LayerFacts;
use crate::oci::{Descriptor, Digest, FileIdentity};

/// Keeps the facts of layers from one inspection to the next. Facts are true of a digest and a
/// compression; that a file holds the bytes of a digest is remembered beside them.
pub trait LayerCache: Sync {
    /// The facts of a layer, if they are kept and whole.
    fn load(&self, layer: &Descriptor) -> Option<LayerFacts>;

    /// Keeps the facts of a layer, as far as that is possible.
    fn store(&self, layer: &Descriptor, facts: &LayerFacts);

    /// Whether a file that was not changed since held the bytes of a digest.
    fn has_seen(&self, file: &FileIdentity, digest: &Digest) -> bool;

    /// Remembers that a file holds the bytes of a digest, as far as that is possible.
    fn mark_seen(&self, file: &FileIdentity, digest: &Digest);
}

/// Keeps nothing: every layer is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoCache;

impl LayerCache for NoCache {
    fn load(&self, _: &Descriptor) -> Option<LayerFacts> {
        None
    }

    fn store(&self, _: &Descriptor, _: &LayerFacts) {}

    fn has_seen(&self, _: &FileIdentity, _: &Digest) -> bool {
        false
    }

    fn mark_seen(&self, _: &FileIdentity, _: &Digest) {}
}
