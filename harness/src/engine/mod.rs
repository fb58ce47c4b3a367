//! The Docker Engine: where it is, what it can do, and the way to the BuildKit inside it.

mod endpoint;
mod error;
mod upgrade;

use bollard::Docker;
use bollard::models::{SystemInfo, SystemVersion};
use bollard_buildkit_proto::moby::buildkit::v1::ListWorkersRequest;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use hyper::upgrade::Upgraded;
use tonic::transport::{Channel, Endpoint as GrpcEndpoint};

use crate::platform::Platform;

pub use endpoint::{ConfigCause, Endpoint, EndpointError, EndpointErrorKind, Environment};
pub use error::EngineError;
pub(crate) use upgrade::Header;

/// The oldest API that is worked with: Docker 24, the first whose image store can be containerd's
/// and whose BuildKit exports OCI layouts from it.
const OLDEST_API: (u32, u32) = (1, 43);
const OLDEST_API_NAME: &str = "1.43";

/// How long one request over the engine's HTTP interface may take to be answered, in seconds.
const REQUEST_TIMEOUT: u64 = 120;

/// The largest gRPC message from BuildKit, its own limit: a build's trace can come as one.
const MAX_MESSAGE: usize = 16 << 20;

/// Where an engine keeps its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageStore {
    /// containerd's: keeps indexes, and variants of foreign platforms side by side.
    Containerd,
    /// Docker's own, the default up to Docker 28: one platform a name.
    Classic,
}

/// An engine that has answered.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Docker,
    endpoint: Endpoint,
    store: ImageStore,
    platform: Platform,
    processors: usize,
    version: String,
    api_version: String,
    mirrors: Vec<String>,
}

impl Engine {
    /// Finds the engine that the environment leads to and asks what it is.
    ///
    /// # Errors
    ///
    /// Says why it cannot be found or used, and what to do.
    pub async fn connect(environment: &Environment) -> Result<Self, EngineError> {
        Self::at(Endpoint::resolve(environment)?).await
    }

    /// Asks the engine at an endpoint what it is.
    ///
    /// # Errors
    ///
    /// As [`Engine::connect`].
    pub async fn at(endpoint: Endpoint) -> Result<Self, EngineError> {
        // The plain ping first: it keeps the system's own error, which bollard buries.
        if let Err(cause) = upgrade::ping(&endpoint).await {
            return Err(EngineError::Unreachable { endpoint, cause });
        }
        match Inquiry::make(&endpoint).await {
            Ok(inquiry) => inquiry.into_engine(endpoint),
            Err(cause) => Err(EngineError::Unintelligible { endpoint, cause }),
        }
    }

    /// The client of the engine's HTTP interface.
    #[must_use]
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Where the engine listens, as `DOCKER_HOST` wants it.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Where the engine keeps its images.
    #[must_use]
    pub fn store(&self) -> ImageStore {
        self.store
    }

    /// What its host's processor executes by itself.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// How many processors its host has.
    #[must_use]
    pub fn processors(&self) -> usize {
        self.processors
    }

    /// The engine's version, such as `26.1.5`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The newest version of its HTTP interface, such as `1.45`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// The addresses of Docker Hub's mirrors that it was told of (`registry-mirrors`).
    #[must_use]
    pub fn mirrors(&self) -> &[String] {
        &self.mirrors
    }

    pub(crate) fn api_is_at_least(&self, needed: (u32, u32)) -> bool {
        is_at_least(&self.api_version, needed)
    }

    /// The platforms whose programs BuildKit believes it can run while building, natively or
    /// under a registered emulator. What is not Linux is left out.
    ///
    /// # Errors
    ///
    /// The engine offers no BuildKit, or it failed.
    pub async fn build_platforms(&self) -> Result<Vec<Platform>, EngineError> {
        let platforms = build_platforms(control(self.buildkit().await?)).await;
        platforms.map_err(|status| EngineError::BuildKit {
            endpoint: self.endpoint.clone(),
            cause: Box::new(status),
        })
    }

    /// Opens a connection to BuildKit. It is closed when the last copy of it is dropped.
    pub(crate) async fn buildkit(&self) -> Result<Channel, EngineError> {
        let fail = |cause| EngineError::NoBuildKit { endpoint: self.endpoint.clone(), cause };
        let stream = self.upgrade("/grpc", &[]).await.map_err(fail)?;
        // One connection, made already: a second attempt would be another engine's.
        let mut once = Some(stream);
        let connector = tower::service_fn(move |_| {
            let stream = once.take().ok_or(std::io::ErrorKind::ConnectionReset);
            async move { stream.map_err(std::io::Error::from) }
        });
        GrpcEndpoint::from_static("http://buildkit")
            .connect_with_connector(connector)
            .await
            .map_err(|error| fail(std::io::Error::other(error)))
    }

    /// Turns a new connection into a raw stream at a path of the engine's.
    pub(crate) async fn upgrade(
        &self,
        path: &str,
        headers: &[Header],
    ) -> std::io::Result<Upgraded> {
        upgrade::upgrade(&self.endpoint, path, headers).await
    }
}

/// BuildKit's control interface on a connection.
pub(crate) fn control(buildkit: Channel) -> ControlClient<Channel> {
    ControlClient::new(buildkit).max_decoding_message_size(MAX_MESSAGE)
}

/// The platforms that BuildKit says it can run programs of, sorted.
pub(crate) async fn build_platforms(
    mut control: ControlClient<Channel>,
) -> Result<Vec<Platform>, tonic::Status> {
    let answer = control.list_workers(ListWorkersRequest::default()).await?.into_inner();
    let named = answer.record.iter().flat_map(|worker| &worker.platforms);
    let mut platforms: Vec<Platform> = named
        .filter_map(|it| Platform::from_parts(&it.os, &it.architecture, &it.variant).ok())
        .collect();
    platforms.sort_unstable();
    platforms.dedup();
    Ok(platforms)
}

/// What the engine said of itself, not yet checked.
struct Inquiry {
    docker: Docker,
    version: SystemVersion,
    info: SystemInfo,
}

impl Inquiry {
    async fn make(endpoint: &Endpoint) -> Result<Self, bollard::errors::Error> {
        let address = endpoint.to_string();
        let newest = bollard::API_DEFAULT_VERSION;
        let docker = match endpoint {
            Endpoint::Unix(_) => Docker::connect_with_unix(&address, REQUEST_TIMEOUT, newest)?,
            Endpoint::Tcp { .. } => Docker::connect_with_http(&address, REQUEST_TIMEOUT, newest)?,
        };
        let docker = docker.negotiate_version().await?;
        let version = docker.version().await?;
        let info = docker.info().await?;
        Ok(Self { docker, version, info })
    }

    fn into_engine(self, endpoint: Endpoint) -> Result<Engine, EngineError> {
        let Self { docker, version, info } = self;
        let (os, architecture) = (version.os.unwrap_or_default(), version.arch.unwrap_or_default());
        let api_version = version.api_version.unwrap_or_default();
        let version = version.version.unwrap_or_default();
        let platform = match Platform::from_parts(&os, &architecture, "") {
            Ok(platform) => platform,
            Err(cause) => return Err(EngineError::ForeignHost { endpoint, cause }),
        };
        if !is_at_least(&api_version, OLDEST_API) {
            let (api, needed) = (api_version, OLDEST_API_NAME);
            return Err(EngineError::TooOld { endpoint, version, api, needed });
        }
        let store = image_store(info.driver_status.as_deref().unwrap_or_default());
        let processors = info.ncpu.and_then(|it| usize::try_from(it).ok()).unwrap_or(1).max(1);
        let mirrors = info.registry_config.and_then(|it| it.mirrors).unwrap_or_default();
        Ok(Engine { docker, endpoint, store, platform, processors, version, api_version, mirrors })
    }
}

/// What cannot be read is let through: the engine will say itself what it does not know.
fn is_at_least(api: &str, needed: (u32, u32)) -> bool {
    let numbers = api.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    numbers.is_none_or(|version: (u32, u32)| version >= needed)
}

/// Reads `DriverStatus` of `/info`: the containerd store alone names its snapshotter there.
fn image_store(driver_status: &[Vec<String>]) -> ImageStore {
    let is_containerd = |row: &Vec<String>| {
        matches!(row.as_slice(), [key, value] if key == "driver-type"
            && value == "io.containerd.snapshotter.v1")
    };
    if driver_status.iter().any(is_containerd) {
        ImageStore::Containerd
    } else {
        ImageStore::Classic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_told_by_its_snapshotter() {
        let row = |key: &str, value: &str| vec![key.to_owned(), value.to_owned()];
        let containerd = [row("driver-type", "io.containerd.snapshotter.v1")];
        let classic = [row("Backing Filesystem", "extfs"), row("Supports d_type", "true")];
        assert_eq!(image_store(&containerd), ImageStore::Containerd);
        assert_eq!(image_store(&classic), ImageStore::Classic);
        assert_eq!(image_store(&[]), ImageStore::Classic);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for (api, enough) in [
            ("1.43", true),
            ("1.100", true),
            ("2.0", true),
            ("1.42", false),
            ("1.9", false),
            ("", true),
        ] {
            assert_eq!(is_at_least(api, (1, 43)), enough, "{api}");
        }
    }
}
