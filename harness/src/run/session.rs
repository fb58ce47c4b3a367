//! Everything that runs leave in an engine, under one name, so that it can be taken away again
//! whatever happened.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use bollard::models::ImageSummary;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
};

use crate::arch::Architecture;
use crate::engine::Engine;
use crate::evidence::image::EntryNumber;
use crate::oci::Digest;
use crate::platform::Platform;
use crate::random::random_name;

/// The label of every container of ours.
const LABEL: &str = "dev.archproof.session";

/// A host that no registry can have (RFC 2606): nothing under it is ever pulled or pushed.
const REGISTRY: &str = "archproof.invalid";

/// One invocation's mark on an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session(String);

impl Session {
    /// A mark that nobody else has.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self(random_name()?))
    }

    /// The mark of another invocation; `None` for what is none.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let is_hex = name.len() == 16 && name.bytes().all(|it| it.is_ascii_hexdigit());
        is_hex.then(|| Self(name.to_owned()))
    }

    /// The name of the image that is built; the classic store's names of its variants begin so.
    #[must_use]
    pub fn image_name(&self) -> String {
        format!("{REGISTRY}/{self}/image:run")
    }

    /// The name of a variant's container: of its manifest, for whoever looks at the engine, and of its
    /// entry of the index, for two entries may name one manifest and run at the same time.
    pub(super) fn container_name(&self, entry: EntryNumber, manifest: Digest) -> String {
        format!("archproof-{self}-{entry}-{}", &manifest.hex()[..16])
    }

    /// The name of the volume with the emulator of an architecture.
    pub(super) fn volume_name(&self, architecture: Architecture) -> String {
        let name = Platform::new(architecture).architecture_name();
        format!("archproof-{self}-{name}")
    }

    /// The filter that finds its containers, as `docker ps --filter label=…` takes it.
    #[must_use]
    pub fn filter(&self) -> String {
        format!("{LABEL}={self}")
    }

    pub(crate) fn label(&self) -> (&'static str, &str) {
        (LABEL, &self.0)
    }

    /// Removes all containers, volumes and images of this session. What cannot be removed is named.
    ///
    /// # Errors
    ///
    /// The first thing that the engine did not let go, after trying all of them.
    pub async fn clean(&self, engine: &Engine) -> Result<(), bollard::errors::Error> {
        let containers = self.clean_containers(engine).await;
        let volumes = self.clean_volumes(engine).await;
        let images = self.clean_images(engine).await;
        containers.and(volumes).and(images)
    }

    async fn clean_volumes(&self, engine: &Engine) -> Result<(), bollard::errors::Error> {
        let filters = HashMap::from([("label", vec![self.filter()])]);
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let volumes = engine.docker().list_volumes(Some(options)).await?.volumes;
        let mut result = Ok(());
        for volume in volumes.unwrap_or_default() {
            let removed = remove_volume(engine, &volume.name).await;
            result = result.and(removed);
        }
        result
    }

    async fn clean_containers(&self, engine: &Engine) -> Result<(), bollard::errors::Error> {
        let filters = HashMap::from([("label", vec![self.filter()])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let mut result = Ok(());
        for container in engine.docker().list_containers(Some(options)).await? {
            let id = container.id.unwrap_or_default();
            let removed = remove_container(engine, &id).await;
            result = result.and(removed);
        }
        result
    }

    async fn clean_images(&self, engine: &Engine) -> Result<(), bollard::errors::Error> {
        let pattern = format!("{REGISTRY}/{self}/*");
        let mut result = Ok(());
        for image in list_images(engine, &pattern).await? {
            for name in image.repo_tags {
                let options = RemoveImageOptionsBuilder::new().force(true).build();
                let removed = engine.docker().remove_image(&name, Some(options), None).await;
                result = result.and(absent_is_fine(removed.map(|_| ())));
            }
        }
        result
    }
}

/// The images whose names match. Docker 26.1 ends a listing with 404 when an image that it was to
/// show is removed meanwhile, by anybody.
pub(super) async fn list_images(
    engine: &Engine,
    pattern: &str,
) -> Result<Vec<ImageSummary>, bollard::errors::Error> {
    let filters = HashMap::from([("reference", vec![pattern])]);
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    let mut tries = 20;
    loop {
        match engine.docker().list_images(Some(options.clone())).await {
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. })
                if tries > 0 =>
            {
                tries -= 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            other => return other,
        }
    }
}

/// Removes a volume; one that is gone already is fine. A container that is being removed may still
/// have it (409).
async fn remove_volume(engine: &Engine, name: &str) -> Result<(), bollard::errors::Error> {
    let mut tries = 40;
    loop {
        let options = RemoveVolumeOptionsBuilder::new().force(true).build();
        match engine.docker().remove_volume(name, Some(options)).await {
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => {
                return Ok(());
            }
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 409, .. })
                if tries > 0 =>
            {
                tries -= 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            other => return other,
        }
    }
}

/// Removes a container, running or not; one that is gone already is fine.
pub(super) async fn remove_container(
    engine: &Engine,
    name: &str,
) -> Result<(), bollard::errors::Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    absent_is_fine(engine.docker().remove_container(name, Some(options)).await)
}

/// 404: gone already; 409: its removal is under way.
fn absent_is_fine(
    result: Result<(), bollard::errors::Error>,
) -> Result<(), bollard::errors::Error> {
    match result {
        Err(bollard::errors::Error::DockerResponseServerError {
            status_code: 404 | 409, ..
        }) => Ok(()),
        other => other,
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
