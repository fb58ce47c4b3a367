//! What registries are told about who asks, as docker's own command line keeps it: the logins of
//! `config.json`, or the programs that it names for keeping them.
//!
//! Source: [docker login, "Credential stores"](https://docs.docker.com/reference/cli/docker/login/).

use std::fmt;
use std::io;
use std::path::PathBuf;

use docker_credential::{
    CredentialRetrievalError as E, DockerCredential, get_credential_from_reader,
};
use thiserror::Error;

use super::reference::HUB;
use crate::engine::Environment;

/// Under which Docker Hub's login is kept.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// What a program for keeping logins says when it has none.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Docker's configuration, read when a registry is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    file: Option<PathBuf>,
}

/// Who asks.
#[derive(Clone)]
pub(crate) enum Login {
    Password {
        user: String,
        password: String,
    },
    /// Is exchanged for a token that the registry takes.
    Identity(String),
}

/// Secrets stay out of messages.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

/// Why logins cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not what docker writes.
    #[error("{} is not what docker writes", .0.display())]
    Malformed(PathBuf),
    /// The login in the file is not what docker writes.
    #[error("the login for {registry} in {} cannot be read: repeat `docker login`", path.display())]
    Login {
        /// Whose.
        registry: String,
        /// The file.
        path: PathBuf,
    },
    /// A program that keeps logins does not start.
    #[error(
        "the program that {} names for the login for {registry} does not run or answer as it should: \
         is docker-credential-… on the PATH?", path.display()
    )]
    Helper {
        /// Whose.
        registry: String,
        /// The file.
        path: PathBuf,
    },
    /// A program that keeps logins failed.
    #[error("{helper} gives no login for {registry}: {message}")]
    HelperFailed {
        /// The program.
        helper: String,
        /// Whose.
        registry: String,
        /// What it says.
        message: String,
    },
}

impl Credentials {
    /// The logins that docker's command line would use.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        Self { file: environment.config_folder().map(|it| it.join("config.json")) }
    }

    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The login for a registry by its name. Blocks: a program may be asked.
    pub(super) fn login(&self, registry: &str) -> Result<Option<Login>, CredentialsError> {
        let Some(path) = self.file.clone() else { return Ok(None) };
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CredentialsError::Read { path, source }),
        };
        let key = if registry == HUB { HUB_KEY } else { registry };
        let registry = registry.to_owned();
        match get_credential_from_reader(text.as_slice(), key) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                Ok(Some(Login::Password { user, password }))
            }
            Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Login::Identity(token))),
            Err(E::NoCredentialConfigured | E::ConfigNotFound) => Ok(None),
            Err(E::ConfigReadError) => Err(CredentialsError::Malformed(path)),
            Err(E::CredentialDecodingError | E::CredentialMismatchError) => {
                Err(CredentialsError::Login { registry, path })
            }
            Err(E::HelperCommunicationError | E::MalformedHelperResponse) => {
                Err(CredentialsError::Helper { registry, path })
            }
            Err(E::HelperFailure { stdout, .. }) if stdout.trim() == NOT_FOUND => Ok(None),
            Err(E::HelperFailure { helper, stdout, stderr }) => {
                let message = if stderr.trim().is_empty() { stdout } else { stderr };
                let message = message.trim().to_owned();
                Err(CredentialsError::HelperFailed { helper, registry, message })
            }
        }
    }

    /// As [`Credentials::login`], beside the runtime's own threads.
    pub(crate) async fn login_for(
        &self,
        registry: &str,
    ) -> Result<Option<Login>, CredentialsError> {
        let (credentials, name) = (self.clone(), registry.to_owned());
        let login = tokio::task::spawn_blocking(move || credentials.login(&name)).await;
        login.unwrap_or_else(|_| {
            let path = self.file.clone().unwrap_or_default();
            Err(CredentialsError::Helper { registry: registry.to_owned(), path })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(config: &str) -> (tempfile::TempDir, Credentials) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.json"), config).expect("a file");
        let environment =
            Environment { docker_config: Some(folder.path().to_owned()), ..Environment::default() };
        (folder, Credentials::of(&environment))
    }

    fn password(config: &str, registry: &str) -> Option<String> {
        let (_folder, credentials) = credentials(config);
        match credentials.login(registry).expect("logins") {
            Some(Login::Password { user, password }) => Some(format!("{user}:{password}")),
            Some(Login::Identity(token)) => Some(token),
            None => None,
        }
    }

    #[test]
    fn logins_are_found_under_the_names_that_docker_gives_them() {
        // me:secret
        let config = r#"{"auths": {"ghcr.io": {"auth": "bWU6c2VjcmV0"},
            "https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0"},
            "reg.example": {"auth": "bWU6", "identitytoken": "token"}}}"#;
        let secret = Some("me:secret".to_owned());
        assert_eq!(password(config, "ghcr.io"), secret);
        assert_eq!(password(config, "docker.io"), secret);
        assert_eq!(password(config, "reg.example"), Some("token".to_owned()));
        assert_eq!(password(config, "quay.io"), None);
        assert_eq!(password("{}", "quay.io"), None);
        assert!(Credentials::none().login("quay.io").expect("none").is_none());
    }

    #[test]
    fn what_cannot_be_read_is_no_anonymous_visit() {
        for (config, message) in [
            ("<html>", "is not what docker writes"),
            (r#"{"auths": {"q.io": {"auth": "%"}}}"#, "repeat `docker login`"),
            (r#"{"credHelpers": {"q.io": "archproof-none"}}"#, "on the PATH?"),
        ] {
            let (_folder, credentials) = credentials(config);
            let error = credentials.login("q.io").expect_err(config).to_string();
            assert!(error.ends_with(message), "{error}");
            assert!(!format!("{error:?}").contains('%'), "no secrets");
        }
    }
}
