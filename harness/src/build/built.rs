//! What a build came to.

use crate::evidence::build::BuildTrace;
use crate::oci::Digest;

/// What a build came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    index: Digest,
    trace: BuildTrace,
}

impl Built {
    pub(super) fn new(index: Digest, trace: BuildTrace) -> Self {
        Self { index, trace }
    }

    /// The digest of the index in the archive; and of the image that was kept, where
    /// the store keeps indexes.
    #[must_use]
    pub fn index(&self) -> Digest {
        self.index
    }

    /// What was done for it.
    #[must_use]
    pub fn trace(&self) -> &BuildTrace {
        &self.trace
    }
}
