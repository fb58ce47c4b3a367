//! The host that answers for a registry, and how it may be spoken to.

use reqwest::Url;

use super::super::reference::{Reference, is_loopback};

/// A host, with the name under which its login is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    name: String,
    authority: String,
    scheme: Scheme,
}

/// How a host is spoken to. Without TLS nothing vouches for a tag, nor for who hears a password;
/// so that is for this machine alone, as with docker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Https,
    /// TLS, or without if this machine does not speak it.
    Either,
}

impl Host {
    /// The host of an image's registry.
    pub(super) fn of(reference: &Reference) -> Self {
        Self::new(reference.registry(), reference.host())
    }

    /// A mirror as an engine is told of it; `None` if it may not be asked, being without TLS.
    pub(super) fn of_mirror(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        (may_ask(&url) && url.path() == "/").then(|| Self::new(&authority, &authority))
    }

    fn new(name: &str, authority: &str) -> Self {
        let scheme = if is_loopback(authority) { Scheme::Either } else { Scheme::Https };
        Self { name: name.to_owned(), authority: authority.to_owned(), scheme }
    }

    /// The name under which its login is kept.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether it is this machine itself.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.authority)
    }

    /// Where its interface begins.
    pub(super) fn address(&self, scheme: &str) -> String {
        format!("{scheme}://{}/v2/", self.authority)
    }
}

/// Whether a place may be asked: over TLS any, without it this machine alone.
pub(super) fn may_ask(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    }
}

/// An address for messages: without path and query, which may contain secrets.
pub(super) fn origin(url: &Url) -> String {
    let origin = url.origin();
    if origin.is_tuple() { origin.ascii_serialization() } else { format!("{}:", url.scheme()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        let scheme = |text: &str| Host::of(&text.parse().expect("a name")).scheme;
        assert_eq!(scheme("localhost:5000/it"), Scheme::Either);
        assert_eq!(scheme("127.0.0.1:5000/it"), Scheme::Either);
        assert_eq!(scheme("10.0.0.1:5000/it"), Scheme::Https);
        assert_eq!(scheme("alpine"), Scheme::Https);
        assert_eq!(Host::of_mirror("http://10.0.0.1:5000"), None);
        assert_eq!(Host::of_mirror("https://mirror.example/sub/"), None);
        assert_eq!(Host::of_mirror("nonsense"), None);
        let origin = |text: &str| origin(&Url::parse(text).expect("an address"));
        assert_eq!(origin("https://me:secret@a.example/b?c=d"), "https://a.example");
        assert_eq!(origin("file:///etc/passwd"), "file:");
        let mirror = Host::of_mirror("http://127.0.0.2:5000/").expect("this machine");
        assert_eq!(mirror.address("http"), "http://127.0.0.2:5000/v2/");
        let mirror = Host::of_mirror("https://mirror.example").expect("TLS");
        assert_eq!((mirror.name(), mirror.scheme), ("mirror.example", Scheme::Https));
    }
}
