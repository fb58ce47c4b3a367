//! What can go wrong between a registry's name and its bytes.

use std::time::Duration;

use reqwest::StatusCode;
use thiserror::Error;

use super::super::credentials::CredentialsError;
use super::super::reference::Reference;
use crate::oci::{DocumentError, Mismatch};

/// Why an image in a registry cannot be read.
#[derive(Debug, Error)]
#[error("cannot read {reference} from its registry")]
pub struct RegistryError {
    reference: String,
    #[source]
    kind: Box<RegistryErrorKind>,
}

/// What is wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegistryErrorKind {
    /// Registries answer so too where one may not look.
    #[error(
        "{host} has nothing of that name, or shows it only to those who may see it: \
         check the name, or log in with `docker login {host}`"
    )]
    NotFound {
        /// The registry.
        host: String,
    },
    /// Nobody is let in without a login, or not with this one.
    #[error("{host} does not let {} in ({status}{}): {}", who(*.login), said(.message), advice(*.login, .host))]
    Denied {
        /// The registry.
        host: String,
        /// What it answered.
        status: u16,
        /// Its words, if any.
        message: String,
        /// Who asked.
        login: Visitor,
    },
    /// The host that the registry redirects to lets nobody in.
    #[error(
        "{host} redirects to {target}, which refuses access ({status}); \
         the login for {host} is not sent to another host"
    )]
    RedirectDenied {
        /// The registry.
        host: String,
        /// Where it redirects to, without path and query.
        target: String,
        /// What the other host answered.
        status: u16,
    },
    /// Too much was asked for lately.
    #[error("{host} has been asked too much lately (429{}): wait, or log in", said(.message))]
    TooMany {
        /// The registry.
        host: String,
        /// Its words, if any.
        message: String,
    },
    /// The registry itself is in trouble, or speaks another language.
    #[error("{host} answers {status}{}", said(.message))]
    Status {
        /// The registry.
        host: String,
        /// What it answered.
        status: u16,
        /// Its words, if any.
        message: String,
    },
    /// No answer, or not to its end.
    #[error("{host} does not answer")]
    Unreachable {
        /// The registry, or whom it sent us to.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It sends, but hardly anything.
    #[error(
        "{host} sends too slowly: {received} bytes in {}; at least {rate} bytes per second have to \
         arrive, and all of it within {}", rounded(*waited), rounded(*deadline)
    )]
    TooSlow {
        /// The registry, or its token service.
        host: String,
        /// How many bytes came.
        received: u64,
        /// While this long was waited for them.
        waited: Duration,
        /// The least number of bytes per second.
        rate: u32,
        /// How long all of it may take.
        deadline: Duration,
    },
    /// Led to a place without TLS.
    #[error("{0} is without TLS, which is for this machine's own registries alone")]
    PlainHttp(String),
    /// Redirected without an end.
    #[error("{host} redirects more than {limit} times")]
    Circle {
        /// The registry.
        host: String,
        /// How many redirects are followed.
        limit: usize,
    },
    /// The registry asks for a login in a way that nobody knows.
    #[error("{0} asks for a login in a way that is not known here")]
    Challenge(String),
    /// The service that gives tokens gives none.
    #[error("the token service {0} gives no token")]
    NoToken(String),
    /// The service that gives tokens redirects elsewhere.
    #[error("the token service {0} redirects, and a login is not sent to another address")]
    TokenRedirect(String),
    /// What came is no manifest.
    #[error("the answer is not a manifest but `{0}`: is this a registry?")]
    NoManifest(String),
    /// What came has no end.
    #[error("{host} sends more than {} MiB where a document should be", limit >> 20)]
    TooLarge {
        /// Who sends it.
        host: String,
        /// The most bytes that are accepted, whole mebibytes.
        limit: u64,
    },
    /// What came is something else than was asked for.
    #[error("the manifest should have the digest {} and has {}", .0.expected, .0.actual)]
    OtherDigest(Box<Mismatch>),
    /// Docker's configuration cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The manifest cannot be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// This machine lacks what TLS needs.
    #[error("cannot set up TLS on this machine: are there certificates (ca-certificates)?")]
    Tls(#[source] reqwest::Error),
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// Nobody in particular.
    Anonymous,
    /// Somebody with a login of docker's.
    LoggedIn,
}

fn who(login: Visitor) -> &'static str {
    match login {
        Visitor::Anonymous => "an anonymous visitor",
        Visitor::LoggedIn => "docker's login",
    }
}

fn advice(login: Visitor, host: &str) -> String {
    match login {
        Visitor::Anonymous => format!("log in with `docker login {host}`, or check the name"),
        Visitor::LoggedIn => {
            format!("check the name, or log in anew with `docker login {host}`")
        }
    }
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(", {message}") }
}

impl RegistryError {
    pub(super) fn new(reference: &Reference, kind: RegistryErrorKind) -> Self {
        Self { reference: reference.to_string(), kind: Box::new(kind) }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &RegistryErrorKind {
        &self.kind
    }
}

impl RegistryErrorKind {
    /// Whether the same call may succeed later without anybody changing a setting.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::TooMany { .. } | Self::Unreachable { .. } | Self::TooSlow { .. } => true,
            Self::Status { status, .. } => {
                StatusCode::from_u16(*status).is_ok_and(|it| it.is_server_error())
            }
            Self::NotFound { .. }
            | Self::Denied { .. }
            | Self::RedirectDenied { .. }
            | Self::PlainHttp(_)
            | Self::Circle { .. }
            | Self::Challenge(_)
            | Self::NoToken(_)
            | Self::TokenRedirect(_)
            | Self::NoManifest(_)
            | Self::TooLarge { .. }
            | Self::OtherDigest(_)
            | Self::Credentials(_)
            | Self::Document(_)
            | Self::Tls(_) => false,
        }
    }
}

/// For messages: whole seconds, or milliseconds if it is less than one.
fn rounded(time: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(match time.as_secs() {
        0 => Duration::from_millis(u64::from(time.subsec_millis())),
        seconds => Duration::from_secs(seconds),
    })
}

/// Whether an error, or one that it rests on, may go away by itself. Readers know nothing but
/// [`std::io::Error`], which hides what it was made of from those who ask for its source.
#[must_use]
pub fn is_retryable(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(kind) = error.downcast_ref::<RegistryErrorKind>() {
            return kind.is_retryable();
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
