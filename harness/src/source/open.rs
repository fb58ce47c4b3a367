//! From what is named to what can be read.

use std::path::PathBuf;

use thiserror::Error;

use super::credentials::Credentials;
use super::name::{FileName, Source};
use super::reference::Reference;
use super::registry::{self, RegistryError, TransferLimits};
use super::store::{self, StoreError};
use crate::engine::Engine;
use crate::oci::{LayoutError, OpenImage, open_archive, open_docker_archive, open_layout};

/// What opening takes beside a name.
#[derive(Clone, Copy, Debug)]
pub struct Opener<'a> {
    /// The engine, if there is one: for its images, and the mirrors that it knows.
    pub engine: Option<&'a Engine>,
    /// The logins for registries.
    pub credentials: &'a Credentials,
    /// How long registries are waited for.
    pub limits: TransferLimits,
}

/// What lies at a source.
#[derive(Debug)]
pub enum Opened {
    /// An image. Where it is a registry's, its blobs may be read in threads outside of the
    /// runtime alone, as those of `spawn_blocking`, and while the runtime lasts.
    Image {
        /// Its documents and blobs.
        image: OpenImage,
        /// Where it was found.
        origin: Origin,
    },
    /// An unpacked root filesystem, which [`inspect_tree`](crate::tree::inspect_tree) reads.
    RootFs(PathBuf),
}

/// Where an image was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a folder or file.
    File(PathBuf),
    /// In the engine, under this name or ID.
    Engine(String),
    /// In a registry.
    Registry(Reference),
}

/// Why a source cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The engine's image is wanted, and there is no engine.
    #[error("docker:{0} is an image of the engine, and there is no engine: start Docker")]
    NoEngine(String),
    /// It is not in the engine, or cannot be read there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not in the registry, or cannot be read there.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It is neither in the engine nor in the registry.
    #[error("the engine does not have `{0}`, and no registry provides it")]
    Nowhere(String, #[source] RegistryError),
    /// The folder or file cannot be used.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// No root filesystem is there.
    #[error("{} is not a folder with a root filesystem", .0.display())]
    NoFolder(PathBuf),
    /// archproof itself failed.
    #[error("archproof itself failed while it opened the image")]
    Crash(#[source] tokio::task::JoinError),
}

impl SourceError {
    /// Whether the same call may succeed later without anybody changing a setting.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Registry(error) | Self::Nowhere(_, error) => error.kind().is_retryable(),
            Self::Store(error) => matches!(error, StoreError::Engine { .. }),
            Self::NoEngine(_) | Self::Layout(_) | Self::NoFolder(_) | Self::Crash(_) => false,
        }
    }
}

type OpenFile = fn(&std::path::Path, Option<&str>) -> Result<OpenImage, LayoutError>;

impl Opener<'_> {
    /// Opens a source. Of an image in a registry the index is read, and no more.
    ///
    /// # Errors
    ///
    /// Says what is wrong where, and what to do.
    pub async fn open(&self, source: &Source) -> Result<Opened, SourceError> {
        match source {
            Source::Registry(reference) => self.in_registry(reference).await,
            Source::Engine(name) => {
                let engine = self.engine.ok_or_else(|| SourceError::NoEngine(name.clone()))?;
                let name = store::find(engine, name).await?;
                Self::in_engine(engine, name).await
            }
            Source::Layout(file) => in_file(file, open_layout).await,
            Source::Archive(file) => in_file(file, open_archive).await,
            Source::DockerArchive(file) => in_file(file, open_docker_archive).await,
            Source::RootFs(path) if path.is_dir() => Ok(Opened::RootFs(path.clone())),
            Source::RootFs(path) => Err(SourceError::NoFolder(path.clone())),
            Source::Anywhere(reference) => self.anywhere(reference).await,
        }
    }

    async fn anywhere(&self, reference: &Reference) -> Result<Opened, SourceError> {
        let Some(engine) = self.engine else { return self.in_registry(reference).await };
        match store::find(engine, &reference.to_string()).await {
            Ok(name) => Self::in_engine(engine, name).await,
            Err(StoreError::Missing { .. }) => {
                self.in_registry(reference).await.map_err(|error| match error {
                    SourceError::Registry(error) => {
                        SourceError::Nowhere(reference.to_string(), error)
                    }
                    other => other,
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn in_engine(engine: &Engine, name: String) -> Result<Opened, SourceError> {
        let image = store::open(engine, &name).await?;
        Ok(Opened::Image { image, origin: Origin::Engine(name) })
    }

    async fn in_registry(&self, reference: &Reference) -> Result<Opened, SourceError> {
        // As docker has it: its mirrors are Docker Hub's.
        let mirrors = match self.engine {
            Some(engine) if reference.is_on_hub() => engine.mirrors(),
            _ => &[],
        };
        let image = registry::open(reference, mirrors, self.credentials, self.limits).await?;
        Ok(Opened::Image { image, origin: Origin::Registry(reference.clone()) })
    }
}

async fn in_file(file: &FileName, open: OpenFile) -> Result<Opened, SourceError> {
    let file = file.clone();
    let opening = tokio::task::spawn_blocking(move || {
        let (path, name) = file.locate();
        let image = open(path, name)?;
        Ok(Opened::Image { image, origin: Origin::File(path.to_owned()) })
    });
    opening.await.map_err(SourceError::Crash)?
}
