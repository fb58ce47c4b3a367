//! The logins for the registries that base images come from: the `Auth` service of a session.
//!
//! BuildKit asks for the login of each registry that wants one, by the registry's host, and fetches
//! tokens itself where the other calls of the service are not implemented. Source: moby/buildkit,
//! `session/auth/authprovider/authprovider.go` and `util/resolver/authorizer.go`.

use std::collections::HashMap;

use bollard_buildkit_proto::moby::filesync::v1::auth_server::Auth;
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
    GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
    VerifyTokenAuthorityResponse,
};
use tokio::sync::Mutex;
use tonic::{Request, Response, Status};

use super::fault::{Fault, Faults};
use crate::source::{Credentials, HUB, HUB_HOST, Login};

/// Docker's logins, as BuildKit asks for them.
pub(super) struct Logins {
    credentials: Credentials,
    faults: Faults,
    /// What was answered, by host: a program that keeps logins may ask the user each time. Held
    /// while it runs, so that it runs once.
    answered: Mutex<HashMap<String, CredentialsResponse>>,
}

impl Logins {
    pub(super) fn new(credentials: Credentials, faults: Faults) -> Self {
        Self { credentials, faults, answered: Mutex::default() }
    }

    /// The login for a host; empty where there is none.
    async fn login(&self, host: String) -> Result<CredentialsResponse, Status> {
        let mut answered = self.answered.lock().await;
        if let Some(known) = answered.get(&host) {
            return Ok(known.clone());
        }
        let registry = if host == HUB_HOST { HUB } else { &host };
        let login = self.credentials.login_for(registry).await.map_err(|error| {
            let status = Status::unavailable(error.to_string());
            self.faults.record(Fault::Credentials(error));
            status
        })?;
        let answer = match login {
            Some(Login::Password { user, password }) => {
                CredentialsResponse { username: user, secret: password }
            }
            // A secret without a user is exchanged for a token.
            Some(Login::Identity(token)) => {
                CredentialsResponse { secret: token, ..CredentialsResponse::default() }
            }
            None => CredentialsResponse::default(),
        };
        answered.insert(host, answer.clone());
        Ok(answer)
    }
}

#[tonic::async_trait]
impl Auth for Logins {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        self.login(request.into_inner().host).await.map(Response::new)
    }

    async fn fetch_token(
        &self,
        _: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("BuildKit fetches tokens itself"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("BuildKit fetches tokens itself"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("BuildKit fetches tokens itself"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Environment;

    fn logins(config: &str) -> (tempfile::TempDir, Logins) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.json"), config).expect("a file");
        let docker_config = Some(folder.path().to_owned());
        let environment = Environment { docker_config, ..Environment::default() };
        (folder, Logins::new(Credentials::of(&environment), Faults::default()))
    }

    #[tokio::test]
    async fn each_registry_gets_its_own_login_alone() {
        // me:secret
        let (_folder, logins) = logins(
            r#"{"auths": {"reg.example:5000": {"auth": "bWU6c2VjcmV0"},
                "https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0"},
                "token.example": {"auth": "bWU6", "identitytoken": "identity"}}}"#,
        );
        for (host, user, secret) in [
            ("reg.example:5000", "me", "secret"),
            ("registry-1.docker.io", "me", "secret"),
            ("token.example", "", "identity"),
            ("reg.example", "", ""),
            ("reg.example:5001", "", ""),
            ("evil.reg.example:5000", "", ""),
            ("", "", ""),
        ] {
            // The second time from memory.
            for _ in 0..2 {
                let answer = logins.login(host.to_owned()).await.expect(host);
                assert_eq!((&*answer.username, &*answer.secret), (user, secret), "{host}");
            }
        }
        assert!(logins.faults.take().is_none());
    }

    #[tokio::test]
    async fn a_login_that_cannot_be_read_is_no_anonymous_visit() {
        let (_folder, logins) = logins(r#"{"credHelpers": {"q.io": "archproof-none"}}"#);
        let status = logins.login("q.io".to_owned()).await.expect_err("no such program");
        assert!(status.message().contains("on the PATH?"), "{status}");
        assert!(matches!(logins.faults.take(), Some(Fault::Credentials(_))));
        logins.login("r.io".to_owned()).await.expect("no login");
    }
}
