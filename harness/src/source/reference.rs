//! Names of images in registries.
//!
//! Source: [distribution/reference](https://github.com/distribution/reference/blob/v0.6.0/reference.go),
//! the grammar and the normalisation that Docker applies.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

use crate::oci::Digest;

/// What stands for Docker Hub in names.
pub(crate) const HUB: &str = "docker.io";
/// What answers for Docker Hub.
pub(crate) const HUB_HOST: &str = "registry-1.docker.io";
/// The specification's limits.
const NAME_LIMIT: usize = 255;
const TAG_LIMIT: usize = 128;

/// A name with all that Docker Hub implies: `alpine` is `docker.io/library/alpine:latest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text names no image.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` is not the name of an image: {problem}")]
pub struct ReferenceError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Debug, Error, PartialEq, Eq)]
enum Problem {
    #[error("the registry's name is wrong")]
    Registry,
    #[error(
        "a repository has lower-case letters, digits, and single `.`, `_`, `-` or `/` between them"
    )]
    Repository,
    #[error("it is longer than {NAME_LIMIT} characters")]
    Length,
    #[error("a tag has at most {TAG_LIMIT} letters, digits, `_`, `.` and `-`")]
    Tag,
    #[error("what follows `@` is not a sha256 or sha512 digest")]
    Digest,
}

impl Reference {
    /// The registry's name; Docker Hub's is `docker.io`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository in the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The digest, if the name has one: then the tag does not count.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What asks the registry for the image: the digest, or else the tag.
    #[must_use]
    pub fn version(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// Whether it is an image of Docker Hub.
    #[must_use]
    pub fn is_on_hub(&self) -> bool {
        self.registry == HUB
    }

    /// The host, with its port if it names one, that answers for the registry.
    #[must_use]
    pub(super) fn host(&self) -> &str {
        if self.is_on_hub() { HUB_HOST } else { &self.registry }
    }
}

/// Whether a host, with or without a port, is this machine itself.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, _)) => address,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => write!(f, ":{}", self.version()),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|problem| ReferenceError { text: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<Reference, Problem> {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest.parse().map_err(|_| Problem::Digest)?)),
        None => (text, None),
    };
    let (name, tag) = match name.rsplit_once(':') {
        // What has a slash behind the colon is a port.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    };
    if tag.is_some_and(|it| !is_tag(it)) {
        return Err(Problem::Tag);
    }
    let (registry, repository) = split(name);
    if !is_host(&registry) {
        return Err(Problem::Registry);
    }
    if registry.len() + repository.len() + 1 > NAME_LIMIT {
        return Err(Problem::Length);
    }
    if !repository.split('/').all(is_component) {
        return Err(Problem::Repository);
    }
    Ok(Reference { registry, repository, tag: tag.map(str::to_owned), digest })
}

/// Registry and repository, with what Docker Hub implies.
fn split(name: &str) -> (String, String) {
    let is_registry = |it: &str| {
        it.contains(['.', ':']) || it == "localhost" || it.bytes().any(|it| it.is_ascii_uppercase())
    };
    match name.split_once('/') {
        Some((registry, repository)) if is_registry(registry) => {
            if !matches!(registry, HUB | "index.docker.io") {
                return (registry.to_owned(), repository.to_owned());
            }
            (HUB.to_owned(), with_library(repository))
        }
        _ => (HUB.to_owned(), with_library(name)),
    }
}

fn with_library(repository: &str) -> String {
    if repository.contains('/') { repository.to_owned() } else { format!("library/{repository}") }
}

fn is_tag(text: &str) -> bool {
    let is_word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    let mut bytes = text.bytes();
    text.len() <= TAG_LIMIT
        && bytes.next().is_some_and(is_word)
        && bytes.all(|it| is_word(it) || matches!(it, b'.' | b'-'))
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, port)) => {
            return address.parse::<std::net::Ipv6Addr>().is_ok()
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let is_label = |it: &str| {
        !it.is_empty()
            && !it.starts_with('-')
            && !it.ends_with('-')
            && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    name.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Words of letters and digits, with one dot, one or two underscores, or hyphens between them.
fn is_component(text: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    let separators = text.split(is_letter).filter(|it| !it.is_empty());
    text.starts_with(is_letter)
        && text.ends_with(is_letter)
        && separators
            .clone()
            .all(|it| matches!(it, "." | "_" | "__") || it.bytes().all(|it| it == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_as_docker_does() {
        let digest = Digest::of(b"");
        for (text, expected) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("me/tool:1", "docker.io/me/tool:1"),
            ("docker.io/alpine", "docker.io/library/alpine:latest"),
            ("index.docker.io/library/alpine", "docker.io/library/alpine:latest"),
            ("localhost/it", "localhost/it:latest"),
            ("localhost:5000/it:a", "localhost:5000/it:a"),
            ("[::1]:5000/it", "[::1]:5000/it:latest"),
            ("ghcr.io/a/b__c/d-e--f.g", "ghcr.io/a/b__c/d-e--f.g:latest"),
        ] {
            let reference: Reference = text.parse().expect(text);
            assert_eq!(reference.to_string(), expected);
        }
        let both: Reference = format!("debian:trixie@{digest}").parse().expect("both");
        assert_eq!(both.to_string(), format!("docker.io/library/debian@{digest}"));
        assert_eq!(both.version(), digest.to_string());
        assert_eq!(both.host(), "registry-1.docker.io");
    }

    #[test]
    fn what_names_no_image_says_why() {
        let long = format!("it:{}", "a".repeat(129));
        let longer = format!("a.b/{}", "a/".repeat(130) + "a");
        for (text, problem) in [
            ("", Problem::Repository),
            ("Alpine", Problem::Repository),
            ("a b", Problem::Repository),
            ("a//b", Problem::Repository),
            ("a/../b", Problem::Repository),
            ("a___b", Problem::Repository),
            ("//ghcr.io/a", Problem::Repository),
            ("ghcr.io/", Problem::Repository),
            ("gh cr.io/a", Problem::Registry),
            ("-.io/a", Problem::Registry),
            ("a.io:port/a", Problem::Registry),
            ("it:", Problem::Tag),
            ("it:.a", Problem::Tag),
            (&long, Problem::Tag),
            (&longer, Problem::Length),
            ("it@sha256:abc", Problem::Digest),
            ("it@", Problem::Digest),
        ] {
            let error = text.parse::<Reference>().expect_err(text);
            assert_eq!(error.problem, problem, "{text}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for host in ["localhost", "localhost:5000", "127.0.0.1", "127.8.9.1:1", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example.org", "127.0.0.1.example.org", "10.0.0.1:80", "[::2]"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
