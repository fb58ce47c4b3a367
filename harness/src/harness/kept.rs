//! An image that stays in the engine, for containers of its variants.

use std::fmt;
use std::sync::Arc;

use testcontainers::core::ImageExt;
use testcontainers::{ContainerRequest, GenericImage};
use thiserror::Error;

use super::reaper::Reaper;
use super::workplace::Workplace;
use crate::oci::Digest;
use crate::platform::Platform;

/// An image that the engine has for as long as this exists.
#[derive(Clone)]
pub(super) struct Kept(Arc<Guarded>);

/// A workplace that is cleaned up whatever ends this process.
pub(super) struct Guarded {
    pub(super) workplace: Workplace,
    /// Dropped last: by then nothing is left.
    pub(super) reaper: Option<Reaper>,
}

/// Why there is no container of a variant.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContainerError {
    /// The image was not kept.
    #[error("the image is not in the engine any more: verify it with `Harness::keep_image`")]
    NotKept,
    /// The image was found, not built.
    #[error("the image was not built here, so the engine does not have it")]
    NotBuilt,
}

impl Kept {
    pub(super) fn new(guarded: Guarded) -> Self {
        Self(Arc::new(guarded))
    }

    /// A container of exactly the variant that was verified. What is started of it is removed with the
    /// image, at the latest.
    pub(super) fn container(
        &self,
        index: Digest,
        platform: Platform,
    ) -> Result<ContainerRequest<GenericImage>, ContainerError> {
        let workplace = &self.0.workplace;
        let (name, tag) = workplace.image(index, platform).ok_or(ContainerError::NotBuilt)?;
        let (label, session) = workplace.label();
        let image = GenericImage::new(name, tag).with_platform(platform.to_string());
        Ok(image.with_label(label, session))
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Guarded { workplace, reaper } = &*self.0;
        f.debug_struct("Kept").field("workplace", workplace).field("reaper", reaper).finish()
    }
}
