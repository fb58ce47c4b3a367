//! Images in the engine's store.
//!
//! The engine gives its images away as `docker save` does. That is spooled into a file without a
//! name: what it holds and where is known at its end alone.

use std::fs::File;
use std::io;

use bollard::errors::Error as ClientError;
use futures_util::StreamExt;
use thiserror::Error;
use tokio::io::AsyncWriteExt;

use super::reference::Reference;
use crate::engine::{Endpoint, Engine};
use crate::oci::{LayoutError, OpenImage, open_docker_file};

/// Why an image in the engine cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The engine does not have it.
    #[error("the engine at {endpoint} has no image `{name}`: `docker image ls` lists them")]
    Missing {
        /// Where.
        endpoint: Endpoint,
        /// What.
        name: String,
    },
    /// The engine has it, or may have it, but does not give it away.
    #[error("the engine at {endpoint} could not export `{name}`")]
    Engine {
        /// Where.
        endpoint: Endpoint,
        /// What.
        name: String,
        /// Why.
        #[source]
        cause: ClientError,
    },
    /// There is no place for it.
    #[error("cannot spool the image in {}", std::env::temp_dir().display())]
    Spool(#[source] io::Error),
    /// What came cannot be read.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// The name under which the engine has an image.
pub(super) async fn find(engine: &Engine, name: &str) -> Result<String, StoreError> {
    let endpoint = engine.endpoint().clone();
    let image = engine.docker().inspect_image(name).await.map_err(|cause| {
        let name = name.to_owned();
        match cause {
            ClientError::DockerResponseServerError { status_code: 404, .. } => {
                StoreError::Missing { endpoint, name }
            }
            cause => StoreError::Engine { endpoint, name, cause },
        }
    })?;
    // Without a tag the engine would give away all that there are. An ID looks like a name, but
    // is none of the image's.
    let full = |it: &str| it.parse::<Reference>().map(|it| it.to_string()).ok();
    let is_its_own = image.repo_tags.unwrap_or_default().iter().any(|it| full(it) == full(name));
    Ok(if is_its_own { full(name).unwrap_or_else(|| name.to_owned()) } else { name.to_owned() })
}

/// Opens an image by the name under which the engine has it.
pub(super) async fn open(engine: &Engine, name: &str) -> Result<OpenImage, StoreError> {
    let file = save(engine, name).await?;
    let title = format!("docker:{name}");
    let opened = tokio::task::spawn_blocking(move || open_docker_file(file, &title, None)).await;
    Ok(opened.map_err(|error| StoreError::Spool(io::Error::other(error)))??)
}

async fn save(engine: &Engine, name: &str) -> Result<File, StoreError> {
    let failed = |cause| StoreError::Engine {
        endpoint: engine.endpoint().clone(),
        name: name.to_owned(),
        cause,
    };
    let file = tempfile::tempfile().map_err(StoreError::Spool)?;
    let received = file.try_clone().map_err(StoreError::Spool)?;
    let mut writer = tokio::io::BufWriter::with_capacity(1 << 18, tokio::fs::File::from_std(file));
    let mut pieces = engine.docker().export_image(name);
    while let Some(piece) = pieces.next().await {
        writer.write_all(&piece.map_err(failed)?).await.map_err(StoreError::Spool)?;
    }
    writer.flush().await.map_err(StoreError::Spool)?;
    Ok(received)
}
