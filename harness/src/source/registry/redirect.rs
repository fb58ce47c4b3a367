//! Redirects of registries: which are followed, and what an answer that does not come means.

use std::error::Error;
use std::fmt;

use reqwest::redirect::{Action, Attempt};

use super::error::RegistryErrorKind;
use super::host::{may_ask, origin};

/// Some registries send the caller round a few corners.
const REDIRECT_LIMIT: usize = 10;

/// A redirect that is not followed.
#[derive(Clone, Debug)]
enum BadRedirect {
    /// To this address, which is without TLS.
    Plain(String),
    /// One too many.
    Circle,
}

impl fmt::Display for BadRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(place) => write!(f, "redirected to {place}"),
            Self::Circle => f.write_str("redirected too often"),
        }
    }
}

impl Error for BadRedirect {}

/// What becomes of a redirect.
pub(super) fn redirect(attempt: Attempt<'_>) -> Action {
    if !may_ask(attempt.url()) {
        let place = origin(attempt.url());
        return attempt.error(BadRedirect::Plain(place));
    }
    if attempt.previous().len() > REDIRECT_LIMIT {
        return attempt.error(BadRedirect::Circle);
    }
    attempt.follow()
}

/// No answer; addresses are left out of the cause, for there may be secrets in them.
pub(super) fn unreachable(host: &str, error: reqwest::Error) -> RegistryErrorKind {
    let mut cause = error.source();
    while let Some(error) = cause {
        match error.downcast_ref() {
            Some(BadRedirect::Plain(place)) => return RegistryErrorKind::PlainHttp(place.clone()),
            Some(BadRedirect::Circle) => {
                let (host, limit) = (host.to_owned(), REDIRECT_LIMIT);
                return RegistryErrorKind::Circle { host, limit };
            }
            None => {}
        }
        cause = error.source();
    }
    RegistryErrorKind::Unreachable { host: host.to_owned(), source: error.without_url() }
}
