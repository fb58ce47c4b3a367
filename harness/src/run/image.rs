//! Makes sure that what the engine starts is what was inspected.
//!
//! containerd's image store has the whole index from the solve that was inspected, and a variant is
//! named by the index's digest and its platform. (A child manifest's own digest does not do: Docker
//! 26.1 starts only what is tagged.) The classic store keeps one platform a name: there each
//! variant has its own, and the engine's word for what it is, the config's digest, is compared.

use std::collections::BTreeMap;

use thiserror::Error;

use super::session::list_images;
use super::start::Start;
use crate::engine::Engine;
use crate::oci::Digest;
use crate::platform::Platform;

/// Where the engine has the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The whole index under one name.
    Index {
        /// The name, with its tag.
        name: String,
        /// The digest under which the engine has it.
        digest: Digest,
    },
    /// Each variant under a name of its own, with its tag.
    Variants(BTreeMap<Platform, String>),
}

/// A name under which the engine has exactly one variant, for the platform that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// What stands before the last colon.
    pub name: String,
    /// What stands behind it.
    pub tag: String,
}

/// Why the engine does not have the variant that was inspected.
#[derive(Debug, Error)]
pub(super) enum PlaceError {
    #[error("the engine has {stored} as {name}, which is not the inspected index {inspected}")]
    OtherIndex { name: String, stored: String, inspected: Digest },
    #[error("the engine has {stored} as {name}, which is not the inspected config {inspected}")]
    OtherConfig { name: String, stored: String, inspected: Digest },
    #[error("nothing was built for {0}")]
    NotBuilt(Platform),
    #[error("the engine does not have {name}")]
    Missing {
        name: String,
        #[source]
        cause: bollard::errors::Error,
    },
}

impl Stored {
    /// Makes sure that the engine has the inspected index under its name, before testcontainers
    /// takes what is missing for something to be pulled.
    pub(super) async fn check(&self, engine: &Engine, inspected: Digest) -> Result<(), PlaceError> {
        let Self::Index { name, .. } = self else { return Ok(()) };
        let missing = |cause| PlaceError::Missing { name: name.clone(), cause };
        let images = list_images(engine, name).await.map_err(missing)?;
        match images.first() {
            Some(image) if image.id == inspected.to_string() => Ok(()),
            image => Err(PlaceError::OtherIndex {
                name: name.clone(),
                stored: image.map_or_else(|| "nothing".to_owned(), |it| it.id.clone()),
                inspected,
            }),
        }
    }

    /// Names a variant in the engine.
    pub(super) async fn reference(
        &self,
        engine: &Engine,
        start: &Start,
    ) -> Result<Reference, PlaceError> {
        match self {
            Self::Index { name, digest } => {
                let (repository, _) = split(name);
                Ok(Reference { name: format!("{repository}@sha256"), tag: digest.hex() })
            }
            Self::Variants(names) => {
                let platform = start.platform;
                let name = names.get(&platform).ok_or(PlaceError::NotBuilt(platform))?;
                compare(engine, name, start.config).await?;
                let (name, tag) = split(name);
                Ok(Reference { name: name.to_owned(), tag: tag.to_owned() })
            }
        }
    }
}

/// A name always has a tag here, and its host no port.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once(':').unwrap_or((name, "latest"))
}

async fn compare(engine: &Engine, name: &str, inspected: Digest) -> Result<(), PlaceError> {
    let missing = |cause| PlaceError::Missing { name: name.to_owned(), cause };
    let stored = engine.docker().inspect_image(name).await.map_err(missing)?.id.unwrap_or_default();
    if stored == inspected.to_string() {
        return Ok(());
    }
    Err(PlaceError::OtherConfig { name: name.to_owned(), stored, inspected })
}
