//! Makes sure that what the engine starts is what was inspected.
//!
//! With containerd's image store the whole index is there, built by the same solve, and a variant
//! is named by the index's digest and its platform. (A child manifest's own digest does not do:
//! Docker 26.1 starts only what is tagged.) The classic store keeps one platform a name, so each
//! variant is loaded from the inspected layout under a name of its own, and the engine's word for
//! what it loaded, the digest of the config, is compared.

use std::io::{self, Write};

use bollard::query_parameters::ImportImageOptionsBuilder;
use futures_util::StreamExt;
use serde_json::json;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::session::Session;
use crate::engine::Engine;
use crate::inspect::Variant;
use crate::oci::{Archive, ArchiveError, Digest};

/// Where the engine has the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The whole index, under a name of the session's.
    Index {
        /// The name, with its tag.
        name: String,
        /// The digest under which the engine has it.
        digest: Digest,
    },
    /// Nowhere yet: its variants are loaded one by one.
    Nowhere,
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
    #[error("the engine stored {stored}, which is not the inspected index {inspected}")]
    OtherIndex { stored: Digest, inspected: Digest },
    #[error("the engine loaded {loaded}, which is not the inspected config {inspected}")]
    OtherConfig { loaded: String, inspected: Digest },
    #[error("the engine could not load the image")]
    Load(#[source] bollard::errors::Error),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Names the variant in the engine, loading it if need be.
pub(super) async fn place(
    engine: &Engine,
    session: &Session,
    (archive, inspected): (&Archive, Digest),
    variant: &Variant,
    stored: &Stored,
) -> Result<Reference, PlaceError> {
    match stored {
        Stored::Index { digest, .. } if *digest != inspected => {
            Err(PlaceError::OtherIndex { stored: *digest, inspected })
        }
        Stored::Index { name, digest } => {
            let repository = name.rsplit_once(':').map_or(name.as_str(), |(it, _)| it);
            Ok(Reference { name: format!("{repository}@sha256"), tag: digest.hex() })
        }
        Stored::Nowhere => load(engine, session, archive, variant).await,
    }
}

async fn load(
    engine: &Engine,
    session: &Session,
    archive: &Archive,
    variant: &Variant,
) -> Result<Reference, PlaceError> {
    let repository = session.variant_repository(variant.digest);
    let reference = Reference { name: repository, tag: "run".to_owned() };
    let name = format!("{}:{}", reference.name, reference.tag);
    let (sender, receiver) = mpsc::channel(4);
    let pack = {
        let (archive, variant, name) = (archive.clone(), variant.clone(), name.clone());
        tokio::task::spawn_blocking(move || pack(&archive, &variant, &name, Chunks(sender)))
    };
    let body = bollard::body_try_stream(ReceiverStream::new(receiver).map(Ok::<_, io::Error>));
    let options = ImportImageOptionsBuilder::new().quiet(true).build();
    let mut progress = engine.docker().import_image(options, body, None);
    while let Some(message) = progress.next().await {
        message.map_err(PlaceError::Load)?;
    }
    // A panic there would have cut the stream, and the engine would have refused it.
    if let Ok(packed) = pack.await {
        packed?;
    }
    let loaded = engine.docker().inspect_image(&name).await.map_err(PlaceError::Load)?;
    let loaded = loaded.id.unwrap_or_default();
    if loaded == variant.config_digest.to_string() {
        Ok(reference)
    } else {
        Err(PlaceError::OtherConfig { loaded, inspected: variant.config_digest })
    }
}

/// Writes one variant as `docker save` would: a `manifest.json` that names the config and layers.
fn pack(
    archive: &Archive,
    variant: &Variant,
    name: &str,
    to: impl Write,
) -> Result<(), ArchiveError> {
    let blob_name = |digest: Digest| format!("blobs/sha256/{}", digest.hex());
    let layers: Vec<Digest> = variant.layers.iter().map(|it| it.digest).collect();
    let manifest = json!([{
        "Config": blob_name(variant.config_digest),
        "RepoTags": [name],
        "Layers": layers.iter().map(|it| blob_name(*it)).collect::<Vec<_>>(),
    }])
    .to_string();
    let mut blobs = layers;
    blobs.push(variant.config_digest);
    blobs.sort_unstable();
    blobs.dedup();
    let mut tar = tar::Builder::new(io::BufWriter::with_capacity(1 << 18, to));
    append(&mut tar, "manifest.json", manifest.len() as u64, manifest.as_bytes())?;
    for digest in blobs {
        let blob = archive.blob(digest)?;
        append(&mut tar, &blob_name(digest), blob.remaining(), blob)?;
    }
    tar.into_inner().and_then(|mut it| it.flush()).map_err(ArchiveError::Read)
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    name: &str,
    size: u64,
    content: impl io::Read,
) -> Result<(), ArchiveError> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::Regular);
    tar.append_data(&mut header, name, content).map_err(ArchiveError::Read)
}

/// Hands what is written to the request's body.
struct Chunks(mpsc::Sender<bytes::Bytes>);

impl Write for Chunks {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let chunk = bytes::Bytes::copy_from_slice(data);
        self.0.blocking_send(chunk).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
