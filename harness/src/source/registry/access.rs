//! How a registry is shown who asks.
//!
//! Source: [distribution, token authentication](https://distribution.github.io/distribution/spec/auth/token/)
//! and [its OAuth 2 variant](https://distribution.github.io/distribution/spec/auth/oauth/).

use std::sync::{Mutex, PoisonError};

use http_auth::{ChallengeRef, parse_challenges};
use reqwest::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

use super::super::credentials::Login;
use super::error::{RegistryErrorKind, Visitor};
use super::host::{may_ask, origin};
use super::pace::{Pace, TransferLimits, body};
use super::redirect::unreachable;

/// No token comes near.
const TOKEN_LIMIT: u64 = 1 << 20;

/// The login for one repository, and what the registry made of it so far.
#[derive(Debug)]
pub(super) struct Access {
    login: Option<Login>,
    /// Asks token services. It follows no redirect: the login is for the host that the registry
    /// names, and for no other.
    client: Client,
    limits: TransferLimits,
    granted: Mutex<Grant>,
}

/// What goes with every request.
#[derive(Clone, Default)]
enum Grant {
    #[default]
    None,
    /// The login itself.
    Login,
    Token(String),
}

/// Secrets stay out of messages.
impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Grant(..)")
    }
}

/// A service that gives tokens, and for what.
struct Service {
    realm: Url,
    name: Option<String>,
    scope: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Access {
    /// With a client that follows no redirect.
    pub(super) fn new(login: Option<Login>, client: Client, limits: TransferLimits) -> Self {
        Self { login, client, limits, granted: Mutex::default() }
    }

    /// Who asks.
    pub(super) fn visitor(&self) -> Visitor {
        if self.login.is_some() { Visitor::LoggedIn } else { Visitor::Anonymous }
    }

    /// Adds to a request what was granted.
    pub(super) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        let granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (granted, &self.login) {
            (Grant::Token(token), _) => request.bearer_auth(token),
            (Grant::Login, Some(Login::Password { user, password })) => {
                request.basic_auth(user, Some(password))
            }
            (Grant::Login | Grant::None, _) => request,
        }
    }

    /// Answers the challenge of the registry itself; whether it is worth to ask it again. The
    /// caller vouches that nobody else has sent the challenge.
    pub(super) async fn gain(
        &self,
        refusal: &Response,
        host: &str,
        repository: &str,
    ) -> Result<bool, RegistryErrorKind> {
        let headers = refusal.headers().get_all(WWW_AUTHENTICATE).iter();
        let headers: Vec<&str> = headers.filter_map(|it| it.to_str().ok()).collect();
        let challenges: Vec<ChallengeRef<'_>> =
            headers.iter().filter_map(|it| parse_challenges(it).ok()).flatten().collect();
        let find = |scheme| challenges.iter().find(|it| it.scheme.eq_ignore_ascii_case(scheme));
        let unknown = || RegistryErrorKind::Challenge(host.to_owned());
        let granted = if let Some(bearer) = find("Bearer") {
            let service = Service::of(bearer, repository).ok_or_else(unknown)?;
            Grant::Token(self.token(&service, host).await?)
        } else if find("Basic").is_some() {
            match &self.login {
                Some(Login::Password { .. }) => Grant::Login,
                Some(Login::Identity(_)) | None => return Ok(false),
            }
        } else if challenges.is_empty() {
            return Ok(false);
        } else {
            return Err(unknown());
        };
        *self.granted.lock().unwrap_or_else(PoisonError::into_inner) = granted;
        Ok(true)
    }

    async fn token(&self, service: &Service, host: &str) -> Result<String, RegistryErrorKind> {
        if !may_ask(&service.realm) {
            return Err(RegistryErrorKind::PlainHttp(service.place()));
        }
        let request = match &self.login {
            Some(Login::Identity(token)) => self
                .client
                .post(service.realm.clone())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(service.form(token)),
            Some(Login::Password { user, password }) => {
                self.client.get(service.query()).basic_auth(user, Some(password))
            }
            None => self.client.get(service.query()),
        };
        let mut pace = Pace::of_document(&self.limits);
        let response = pace.wait(&service.place(), request.send()).await?;
        let response = response.map_err(|it| unreachable(&service.place(), it))?;
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let (host, login) = (host.to_owned(), self.visitor());
            let (status, message) = (status.as_u16(), String::new());
            return Err(RegistryErrorKind::Denied { host, status, message, login });
        }
        if status.is_redirection() {
            return Err(RegistryErrorKind::TokenRedirect(service.place()));
        }
        if !status.is_success() {
            let (host, status) = (service.place(), status.as_u16());
            return Err(RegistryErrorKind::Status { host, status, message: String::new() });
        }
        let bytes = body(response, &service.place(), TOKEN_LIMIT, &mut pace).await?;
        let answer: Option<TokenAnswer> = serde_json::from_slice(&bytes).ok();
        let token = answer.and_then(|it| it.token.or(it.access_token));
        // A token that is no header value would be an error of the next request's.
        token
            .filter(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_graphic()))
            .ok_or_else(|| RegistryErrorKind::NoToken(service.place()))
    }
}

impl Service {
    fn of(challenge: &ChallengeRef<'_>, repository: &str) -> Option<Self> {
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|it| it.0.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        Some(Self {
            realm: Url::parse(&parameter("realm")?).ok()?,
            name: parameter("service"),
            scope: parameter("scope").unwrap_or_else(|| format!("repository:{repository}:pull")),
        })
    }

    /// For messages.
    fn place(&self) -> String {
        origin(&self.realm)
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let service = self.name.as_deref().map(|it| ("service", it));
        std::iter::once(("scope", self.scope.as_str())).chain(service)
    }

    fn query(&self) -> Url {
        let mut url = self.realm.clone();
        url.query_pairs_mut().extend_pairs(self.pairs());
        url
    }

    fn form(&self, refresh_token: &str) -> String {
        let mut url = self.realm.clone();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(self.pairs())
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "archproof")
            .append_pair("refresh_token", refresh_token);
        url.query().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_taken_apart() {
        let header = r#"Bearer realm="https://auth.example/token?a=b",service="reg, istry""#;
        let challenges = parse_challenges(header).expect("a challenge");
        let service = Service::of(&challenges[0], "me/it").expect("a service");
        let query =
            "https://auth.example/token?a=b&scope=repository%3Ame%2Fit%3Apull&service=reg%2C+istry";
        assert_eq!(service.query().as_str(), query);
        assert_eq!(service.place(), "https://auth.example");
        assert!(
            service
                .form("s&t")
                .ends_with("&grant_type=refresh_token&client_id=archproof&refresh_token=s%26t")
        );
    }
}
