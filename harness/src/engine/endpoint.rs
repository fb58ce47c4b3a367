//! Where the engine listens, found as docker's own command line finds it.
//!
//! Order: `DOCKER_HOST`; the context that `DOCKER_CONTEXT` or the `currentContext` of
//! `config.json` names; the default socket. Source:
//! [docker/cli, context resolution](https://docs.docker.com/engine/manage-resources/contexts/).

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::oci::Digest;

/// Where an engine listens when nothing says otherwise.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// The port of an engine on TCP without TLS, registered with IANA.
const DEFAULT_TCP_PORT: u16 = 2375;

/// The variables that decide which engine is used. Empty values count as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub docker_context: Option<String>,
    /// `DOCKER_CONFIG`.
    pub docker_config: Option<PathBuf>,
    /// `DOCKER_TLS_VERIFY`: any value asks for TLS.
    pub docker_tls_verify: Option<String>,
    /// `HOME`, where `.docker` lies.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// Reads the variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let path = |name| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
        let text = |name| std::env::var(name).ok().filter(|it| !it.is_empty());
        Self {
            docker_host: text("DOCKER_HOST"),
            docker_context: text("DOCKER_CONTEXT"),
            docker_config: path("DOCKER_CONFIG"),
            docker_tls_verify: text("DOCKER_TLS_VERIFY"),
            home: path("HOME"),
        }
    }

    /// The folder of docker's own configuration; `None` without a home.
    pub(crate) fn config_folder(&self) -> Option<PathBuf> {
        self.docker_config.clone().or_else(|| Some(self.home.as_ref()?.join(".docker")))
    }
}

/// Where an engine listens. Displayed as `DOCKER_HOST` wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// TCP without TLS.
    Tcp {
        /// A name or an address, IPv6 without its brackets.
        host: String,
        /// The port.
        port: u16,
    },
}

/// Why the environment leads to no engine.
#[derive(Debug, Error)]
#[error("cannot use the engine that {origin} names")]
pub struct EndpointError {
    origin: String,
    #[source]
    kind: EndpointErrorKind,
}

/// What is wrong with the setting.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EndpointErrorKind {
    /// A transport that is not spoken here.
    #[error(
        "`{0}` is not supported, only unix:///path and tcp://host:port: \
         forward the engine's socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST) \
         and set DOCKER_HOST=unix:///tmp/docker.sock"
    )]
    Transport(String),
    /// TLS is asked for.
    #[error("TLS is not supported: forward the engine's socket over ssh and set DOCKER_HOST to it")]
    Tls,
    /// Not an address at all.
    #[error("`{0}` is not an address, expected unix:///path or tcp://host:port")]
    Malformed(String),
    /// The context does not exist.
    #[error("there is no context `{0}`: `docker context ls` lists them")]
    UnknownContext(String),
    /// A file of docker's configuration cannot be used.
    #[error("cannot read {}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: ConfigCause,
    },
}

/// What is wrong with a file of docker's configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigCause {
    /// It cannot be read.
    #[error(transparent)]
    Io(std::io::Error),
    /// It is not the JSON that docker writes.
    #[error(transparent)]
    Json(serde_json::Error),
}

impl EndpointError {
    /// What is wrong with the setting.
    #[must_use]
    pub fn kind(&self) -> &EndpointErrorKind {
        &self.kind
    }
}

impl Endpoint {
    /// Finds the endpoint.
    ///
    /// # Errors
    ///
    /// Names the setting at fault.
    pub fn resolve(environment: &Environment) -> Result<Self, EndpointError> {
        let tls = environment.docker_tls_verify.is_some();
        if let Some(host) = &environment.docker_host {
            return Self::parse(host)
                .and_then(|it| if tls { it.without_tls() } else { Ok(it) })
                .map_err(|kind| EndpointError { origin: "DOCKER_HOST".to_owned(), kind });
        }
        let Some((name, origin)) = current_context(environment)? else {
            return Ok(Self::Unix(DEFAULT_SOCKET.into()));
        };
        environment
            .config_folder()
            .ok_or_else(|| EndpointErrorKind::UnknownContext(name.clone()))
            .and_then(|folder| Self::of_context(&folder, &name))
            .map_err(|kind| EndpointError { origin, kind })
    }

    fn of_context(folder: &Path, name: &str) -> Result<Self, EndpointErrorKind> {
        // docker files a context under the hash of its name.
        let id = Digest::of(name.as_bytes()).hex();
        let path = folder.join("contexts/meta").join(&id).join("meta.json");
        let Some(meta) = read_json::<ContextMeta>(&path)? else {
            return Err(EndpointErrorKind::UnknownContext(name.to_owned()));
        };
        let host = meta.endpoints.docker.and_then(|it| it.host).filter(|it| !it.is_empty());
        let Some(host) = host else { return Ok(Self::Unix(DEFAULT_SOCKET.into())) };
        let endpoint = Self::parse(&host)?;
        if folder.join("contexts/tls").join(&id).is_dir() {
            return endpoint.without_tls();
        }
        Ok(endpoint)
    }

    fn parse(text: &str) -> Result<Self, EndpointErrorKind> {
        let malformed = || EndpointErrorKind::Malformed(text.to_owned());
        match text.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("tcp", address)) => {
                parse_authority(address.trim_end_matches('/')).ok_or_else(malformed)
            }
            Some(("unix", _)) | None => Err(malformed()),
            Some((scheme, _)) => Err(EndpointErrorKind::Transport(format!("{scheme}://"))),
        }
    }

    /// A Unix socket needs no TLS, so a request for it is moot there, as it is for docker.
    fn without_tls(self) -> Result<Self, EndpointErrorKind> {
        match self {
            Self::Unix(_) => Ok(self),
            Self::Tcp { .. } => Err(EndpointErrorKind::Tls),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
        }
    }
}

/// Reads `host`, `host:port`, `[v6]` and `[v6]:port`.
fn parse_authority(text: &str) -> Option<Endpoint> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?) };
            (host, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() || host.contains('/') {
        return None;
    }
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => DEFAULT_TCP_PORT,
    };
    Some(Endpoint::Tcp { host: host.to_owned(), port })
}

/// The context in force and the setting that names it; `None` for the default context.
fn current_context(environment: &Environment) -> Result<Option<(String, String)>, EndpointError> {
    let named = |name: String, origin: &str| {
        (name != "default").then(|| (name.clone(), format!("{origin} ({name})")))
    };
    if let Some(name) = &environment.docker_context {
        return Ok(named(name.clone(), "DOCKER_CONTEXT"));
    }
    let Some(folder) = environment.config_folder() else { return Ok(None) };
    let path = folder.join("config.json");
    let config = read_json::<Config>(&path)
        .map_err(|kind| EndpointError { origin: "docker's configuration".to_owned(), kind })?;
    let name = config.and_then(|it| it.current_context).filter(|it| !it.is_empty());
    Ok(name.and_then(|name| named(name, "the current docker context")))
}

/// Reads a file that may be absent.
fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, EndpointErrorKind> {
    let fail = |cause| EndpointErrorKind::Config { path: path.to_owned(), cause };
    match std::fs::read(path) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|it| fail(ConfigCause::Json(it)))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fail(ConfigCause::Io(error))),
    }
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

#[derive(Deserialize)]
struct ContextMeta {
    #[serde(rename = "Endpoints", default)]
    endpoints: ContextEndpoints,
}

#[derive(Default, Deserialize)]
struct ContextEndpoints {
    docker: Option<ContextEndpoint>,
}

#[derive(Deserialize)]
struct ContextEndpoint {
    #[serde(rename = "Host")]
    host: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(value: &str) -> Environment {
        Environment { docker_host: Some(value.to_owned()), ..Environment::default() }
    }

    fn chain(error: &EndpointError) -> String {
        format!("{error}: {}", error.kind)
    }

    /// A configuration folder with one context, `remote`.
    fn config(current: &str, meta: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("config.json", current);
        write(&format!("contexts/meta/{}/meta.json", Digest::of(b"remote").hex()), meta);
        folder
    }

    #[test]
    fn docker_host_wins_and_is_spelled_back() {
        for (written, spelled) in [
            ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
            ("unix:///run/with space/d.sock", "unix:///run/with space/d.sock"),
            ("tcp://127.0.0.1:1234", "tcp://127.0.0.1:1234"),
            ("tcp://build.example/", "tcp://build.example:2375"),
            ("tcp://[::1]:2375", "tcp://[::1]:2375"),
            ("tcp://[::1]", "tcp://[::1]:2375"),
        ] {
            let environment =
                Environment { docker_context: Some("nosuch".to_owned()), ..host(written) };
            let endpoint = Endpoint::resolve(&environment).expect(written);
            assert_eq!(endpoint.to_string(), spelled, "{written}");
        }
    }

    #[test]
    fn what_is_not_spoken_here_is_refused_with_advice() {
        for (written, message) in [
            ("ssh://me@host", "`ssh://` is not supported"),
            ("npipe:////./pipe/docker_engine", "`npipe://` is not supported"),
            ("https://host:2376", "`https://` is not supported"),
            ("unix://", "is not an address"),
            ("unix://relative.sock", "is not an address"),
            ("/var/run/docker.sock", "is not an address"),
            ("tcp://", "is not an address"),
            ("tcp://host:99999", "is not an address"),
            ("tcp://host:1/base", "is not an address"),
            ("tcp://[::1", "is not an address"),
        ] {
            let error = Endpoint::resolve(&host(written)).expect_err(written);
            assert!(chain(&error).contains(message), "{written}: {}", chain(&error));
            assert!(chain(&error).contains("DOCKER_HOST"), "{written}: {}", chain(&error));
        }
    }

    #[test]
    fn tls_is_refused_on_tcp_only() {
        let tls = |value| Environment { docker_tls_verify: Some("1".to_owned()), ..host(value) };
        assert!(Endpoint::resolve(&tls("unix:///run/d.sock")).is_ok());
        let error = Endpoint::resolve(&tls("tcp://host:2376")).expect_err("TLS");
        assert!(chain(&error).contains("TLS is not supported"), "{}", chain(&error));
    }

    #[test]
    fn contexts_are_read_from_the_configuration_folder() {
        let meta = r#"{"Name":"remote","Endpoints":{"docker":{"Host":"tcp://far:1"}}}"#;
        let folder = config(r#"{"currentContext":"remote","auths":{}}"#, meta);
        let at = |context: Option<&str>| Environment {
            docker_config: Some(folder.path().to_owned()),
            docker_context: context.map(str::to_owned),
            ..Environment::default()
        };
        let resolve = |context| Endpoint::resolve(&at(context)).map(|it| it.to_string());
        assert_eq!(resolve(None).expect("the current context"), "tcp://far:1");
        assert_eq!(resolve(Some("remote")).expect("the named context"), "tcp://far:1");
        assert_eq!(resolve(Some("default")).expect("default"), "unix:///var/run/docker.sock");
        let error = Endpoint::resolve(&at(Some("nosuch"))).expect_err("unknown");
        assert!(chain(&error).contains("no context `nosuch`"), "{}", chain(&error));
    }

    #[test]
    fn no_configuration_leads_to_the_default_socket() {
        let empty = tempfile::tempdir().expect("a temporary folder");
        for environment in [
            Environment::default(),
            Environment { home: Some(empty.path().to_owned()), ..Environment::default() },
        ] {
            let endpoint = Endpoint::resolve(&environment).expect("the default");
            assert_eq!(endpoint, Endpoint::Unix(DEFAULT_SOCKET.into()));
        }
    }

    #[test]
    fn a_broken_configuration_is_named() {
        let folder = config("{", "");
        let environment =
            Environment { docker_config: Some(folder.path().to_owned()), ..Environment::default() };
        let error = Endpoint::resolve(&environment).expect_err("broken");
        assert!(chain(&error).contains("config.json"), "{}", chain(&error));
    }

    #[test]
    fn a_context_is_filed_under_the_hash_of_its_name() {
        // echo -n default | sha256sum
        let id = "37a8eec1ce19687d132fe29051dca629d164e2c4958ba141d5f4133a33f0688f";
        assert_eq!(Digest::of(b"default").hex(), id);
    }
}
