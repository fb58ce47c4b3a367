//! An emulator for programs of the engine's own architecture, which no handler sends there: put into
//! a volume of the engine's, wherever the engine is, and started in the program's place.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use bollard::models::{ContainerCreateBody, HostConfig, VolumeCreateRequest};
use bollard::query_parameters::{CreateContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use thiserror::Error;
use tokio::sync::Mutex;

use super::image::Reference;
use super::session::{Session, remove_container};
use crate::arch::Architecture;
use crate::emulator::{Emulator, EmulatorError, Emulators};
use crate::engine::Engine;
use crate::platform::Platform;

/// Where the volume is mounted in a container.
pub(super) const FOLDER: &str = "/.archproof";
/// The emulator's name there.
const NAME: &str = "qemu";

/// An emulator in a volume.
#[derive(Clone, Debug)]
pub(super) struct Provided {
    /// The volume's name.
    pub volume: String,
    /// The emulator's version.
    pub version: String,
}

impl Provided {
    /// The path in the container.
    pub(super) fn path() -> String {
        format!("{FOLDER}/{NAME}")
    }
}

/// The emulators that an engine has been given.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    emulators: Emulators,
    given: Arc<Mutex<BTreeMap<Architecture, Option<Provided>>>>,
}

#[derive(Debug, Error)]
enum ProvideError {
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    #[error("the emulator cannot be read")]
    Read(#[from] std::io::Error),
    #[error("the engine does not take it")]
    Engine(#[from] bollard::errors::Error),
}

impl Provider {
    pub(super) fn new(emulators: Emulators) -> Self {
        Self { emulators, given: Arc::default() }
    }

    /// The emulator of a platform, brought there by way of an image that the engine has. `None`
    /// where there is none to give, or the engine does not take it: then the host's processor
    /// executes the program, and the report says so.
    pub(super) async fn provide(
        &self,
        (engine, session): (&Engine, &Session),
        platform: Platform,
        image: &Reference,
    ) -> Option<Provided> {
        // Found here, it runs on machines like this one.
        if engine.platform().elf_target() != Platform::of_host().elf_target() {
            return None;
        }
        let mut given = self.given.lock().await;
        if let Some(known) = given.get(&platform.architecture()) {
            return known.clone();
        }
        let provided = self.bring((engine, session), platform, image).await.ok();
        given.insert(platform.architecture(), provided.clone());
        provided
    }

    async fn bring(
        &self,
        (engine, session): (&Engine, &Session),
        platform: Platform,
        image: &Reference,
    ) -> Result<Provided, ProvideError> {
        let emulator = self.emulators.find(&platform.facts())?;
        let version = emulator.asked_version()?;
        let archive = archive_of(&emulator)?;
        let volume = session.volume_name(platform.architecture());
        let (label, value) = session.label();
        let labels = || Some([(label.to_owned(), value.to_owned())].into());
        let docker = engine.docker();
        docker
            .create_volume(VolumeCreateRequest {
                name: Some(volume.clone()),
                labels: labels(),
                ..VolumeCreateRequest::default()
            })
            .await?;
        // It is never started: the engine writes into a volume only where a container has it.
        let name = format!("{volume}-writer");
        let body = ContainerCreateBody {
            image: Some(format!("{}:{}", image.name, image.tag)),
            cmd: Some(vec![Provided::path()]),
            labels: labels(),
            host_config: Some(HostConfig {
                // Nothing of what the image may have there.
                binds: Some(vec![format!("{volume}:{FOLDER}:nocopy")]),
                network_mode: Some("none".to_owned()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::new()
            .name(&name)
            .platform(&platform.to_string())
            .build();
        docker.create_container(Some(options), body).await?;
        let options = UploadToContainerOptionsBuilder::new().path(FOLDER).build();
        let body = bollard::body_full(archive.into());
        let written = docker.upload_to_container(&name, Some(options), body).await;
        let removed = remove_container(engine, &name).await;
        written.and(removed)?;
        Ok(Provided { volume, version })
    }
}

/// The emulator, as a tar that makes it executable for everybody.
fn archive_of(emulator: &Emulator) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(&emulator.path)?.read_to_end(&mut bytes)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o755);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, NAME, bytes.as_slice())?;
    archive.into_inner()
}
