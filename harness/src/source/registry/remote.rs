//! One repository at one host.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use super::super::credentials::Login;
use super::access::Access;
use super::error::RegistryErrorKind;
use super::host::{Host, Scheme, origin};
use super::pace::{Pace, TransferLimits, body};
use super::redirect::{redirect, unreachable};
use crate::oci::{DOCUMENT_LIMIT, Digest};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What a registry says of an error is cut there.
const MESSAGE_LIMIT: u64 = 64 << 10;

/// Every kind of manifest. Without those of Docker a registry would have to convert them, and
/// they would have another digest.
const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// A repository that has been found.
#[derive(Debug)]
pub(super) struct Remote {
    client: Client,
    host: Host,
    /// Where all of the repository lies.
    address: String,
    repository: String,
    access: Access,
    limits: TransferLimits,
}

/// What a repository keeps.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// By a tag or digest.
    Manifest(String),
    Blob(Digest),
}

/// A manifest as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    pub(super) content_type: String,
    /// What the registry says it is.
    pub(super) digest: Option<Digest>,
}

impl Remote {
    /// Finds out how the host is to be spoken to. Nobody is asked yet where there is one way.
    pub(super) async fn connect(
        host: Host,
        repository: &str,
        login: Option<Login>,
        limits: TransferLimits,
    ) -> Result<Self, RegistryErrorKind> {
        let client = client(&host, Policy::custom(redirect), &limits)?;
        let scheme = match host.scheme() {
            Scheme::Https => "https",
            Scheme::Either if client.get(host.address("https")).send().await.is_ok() => "https",
            Scheme::Either => "http",
        };
        let address = format!("{}{repository}/", host.address(scheme));
        let access = Access::new(login, self::client(&host, Policy::none(), &limits)?, limits);
        let repository = repository.to_owned();
        Ok(Self { client, host, address, repository, access, limits })
    }

    /// Asks for the image's own manifest or index.
    pub(super) async fn root(&self, version: &str) -> Result<Answer, RegistryErrorKind> {
        let mut pace = Pace::of_document(&self.limits);
        let response = self.get(&Item::Manifest(version.to_owned()), 0, &mut pace).await?;
        let header = |name| {
            let value = response.headers().get(name).and_then(|it| it.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let content_type = header(CONTENT_TYPE.as_str());
        let content_type = content_type.split(';').next().unwrap_or_default().trim().to_owned();
        let digest = header("docker-content-digest").parse().ok();
        let body = body(response, self.host.name(), DOCUMENT_LIMIT, &mut pace).await?;
        Ok(Answer { body, content_type, digest })
    }

    /// Asks for something from a byte on. The registry may also send all of it: then the status
    /// is `200 OK`.
    pub(super) async fn get(
        &self,
        item: &Item,
        from: u64,
        pace: &mut Pace,
    ) -> Result<Response, RegistryErrorKind> {
        let mut response = self.send(item, from, pace).await?;
        if response.status() == StatusCode::UNAUTHORIZED && self.is_own(response.url()) {
            let name = self.host.name();
            if self.access.gain(&response, name, &self.repository).await? {
                response = self.send(item, from, pace).await?;
            }
        }
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
    }

    /// The progress of something that is about to be asked for.
    pub(super) fn pace(&self, item: &Item) -> Pace {
        match item {
            Item::Manifest(_) => Pace::of_document(&self.limits),
            Item::Blob(_) => Pace::of_blob(&self.limits),
        }
    }

    /// How long to wait before a connection is made anew.
    pub(super) fn pause(&self) -> Duration {
        self.limits.pause
    }

    /// The registry's name.
    pub(super) fn name(&self) -> &str {
        self.host.name()
    }

    async fn send(
        &self,
        item: &Item,
        from: u64,
        pace: &mut Pace,
    ) -> Result<Response, RegistryErrorKind> {
        let request = match item {
            Item::Manifest(version) => {
                let address = format!("{}manifests/{version}", self.address);
                self.client.get(address).header(ACCEPT, MANIFEST_TYPES)
            }
            Item::Blob(digest) => self.client.get(format!("{}blobs/{digest}", self.address)),
        };
        let request = match from {
            0 => request,
            from => request.header(RANGE, format!("bytes={from}-")),
        };
        let response = pace.wait(self.host.name(), self.access.apply(request).send()).await?;
        response.map_err(|it| unreachable(self.host.name(), it))
    }

    /// Whether the registry itself answers at an address. Only it is told the login and the token:
    /// another host to which it redirects could be anybody's.
    fn is_own(&self, url: &Url) -> bool {
        Url::parse(&self.address).is_ok_and(|it| it.origin() == url.origin())
    }

    async fn refusal(&self, response: Response) -> RegistryErrorKind {
        let host = self.host.name().to_owned();
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            && !self.is_own(response.url())
        {
            let target = origin(response.url());
            return RegistryErrorKind::RedirectDenied { host, target, status: status.as_u16() };
        }
        let message = message(response, &host, &mut Pace::of_document(&self.limits)).await;
        let login = self.access.visitor();
        match status {
            StatusCode::NOT_FOUND => RegistryErrorKind::NotFound { host },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                RegistryErrorKind::Denied { host, status: status.as_u16(), message, login }
            }
            StatusCode::TOO_MANY_REQUESTS => RegistryErrorKind::TooMany { host, message },
            _ => RegistryErrorKind::Status { host, status: status.as_u16(), message },
        }
    }
}

fn client(
    host: &Host,
    redirects: Policy,
    limits: &TransferLimits,
) -> Result<Client, RegistryErrorKind> {
    // Whoever was first to name a provider for the process has named this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("archproof/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(limits.silence)
        .redirect(redirects);
    // No proxy leads back to this machine.
    let builder = if host.is_loopback() { builder.no_proxy() } else { builder };
    builder.build().map_err(RegistryErrorKind::Tls)
}

/// The first of the errors that a registry lists.
///
/// Source: distribution-spec, "Error Codes".
async fn message(response: Response, host: &str, pace: &mut Pace) -> String {
    #[derive(Deserialize)]
    struct Envelope {
        errors: Vec<Listed>,
    }
    #[derive(Deserialize)]
    struct Listed {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let Ok(text) = body(response, host, MESSAGE_LIMIT, pace).await else { return String::new() };
    let envelope: Option<Envelope> = serde_json::from_slice(&text).ok();
    let first = envelope.and_then(|it| it.errors.into_iter().next());
    let text = first.map(|it| if it.message.is_empty() { it.code } else { it.message });
    // It goes to a terminal.
    text.unwrap_or_default().chars().filter(|it| !it.is_control()).take(200).collect()
}
