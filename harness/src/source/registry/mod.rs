//! Images in registries, whose layers are streamed: nothing is stored.
//!
//! Source: [OCI distribution-spec v1.1.1, "Pull"](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull).

mod access;
mod error;
mod host;
mod pace;
mod redirect;
mod remote;
mod stream;

use std::sync::Arc;

use serde::Deserialize;

use super::credentials::Credentials;
use super::reference::Reference;
use crate::oci::{Descriptor, Digest, Known, MediaType, Mismatch, OpenImage, is_schema_1};

pub use error::{RegistryError, RegistryErrorKind, Visitor, is_retryable};
pub use pace::TransferLimits;

use host::Host;
use remote::{Answer, Remote};
use stream::RemoteBlobs;

/// Opens an image in a registry: at the first of the mirrors that has it, or else at home.
pub(super) async fn open(
    reference: &Reference,
    mirrors: &[String],
    credentials: &Credentials,
    limits: TransferLimits,
) -> Result<OpenImage, RegistryError> {
    for mirror in mirrors {
        let Some(host) = Host::of_mirror(mirror) else { continue };
        // Whatever is wrong with a mirror, the registry itself has the word.
        if let Ok(image) = open_at(host, reference, credentials, limits).await {
            return Ok(image);
        }
    }
    open_at(Host::of(reference), reference, credentials, limits).await
}

async fn open_at(
    host: Host,
    reference: &Reference,
    credentials: &Credentials,
    limits: TransferLimits,
) -> Result<OpenImage, RegistryError> {
    let failed = |kind| RegistryError::new(reference, kind);
    let login = credentials.login_for(host.name()).await.map_err(|it| failed(it.into()))?;
    let remote = Remote::connect(host, reference.repository(), login, limits).await;
    let remote = remote.map_err(failed)?;
    let answer = remote.root(&reference.version()).await.map_err(failed)?;
    let descriptor = describe(&answer, reference.digest()).map_err(failed)?;
    let blobs = RemoteBlobs::new(Arc::new(remote));
    let known = Known::before(blobs, [(descriptor.digest, answer.body)]);
    OpenImage::open(descriptor, known).map_err(|it| failed(it.into()))
}

/// What an index or manifest can be told by.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default)]
    media_type: MediaType,
    manifests: Option<serde::de::IgnoredAny>,
}

/// Describes what a registry has sent, after a comparison with the digest that was asked for, or
/// else that the registry states.
fn describe(answer: &Answer, wanted: Option<Digest>) -> Result<Descriptor, RegistryErrorKind> {
    let Ok(shape) = serde_json::from_slice::<Shape>(&answer.body) else {
        return Err(RegistryErrorKind::NoManifest(answer.content_type.clone()));
    };
    let stated = wanted.or(answer.digest);
    let algorithm = stated.map(|it| it.algorithm()).unwrap_or_default();
    let actual = Digest::with(algorithm, &answer.body);
    if let Some(expected) = stated.filter(|it| *it != actual) {
        return Err(RegistryErrorKind::OtherDigest(Box::new(Mismatch { expected, actual })));
    }
    let is_known = |it: &MediaType| it.is_index() || it.is_manifest() || it.is_schema_1();
    let said = [MediaType(answer.content_type.clone()), shape.media_type];
    let media_type = said.into_iter().find(is_known).unwrap_or_else(|| {
        MediaType(match shape.manifests {
            _ if is_schema_1(&answer.body) => SCHEMA_1.to_owned(),
            Some(_) => INDEX.to_owned(),
            None => MANIFEST.to_owned(),
        })
    });
    let digest = actual;
    Ok(Descriptor { digest, ..Descriptor::of(&media_type.0, &answer.body) })
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+json";
