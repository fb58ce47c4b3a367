//! What a user can name that need not be built.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

use super::reference::{Reference, ReferenceError};

/// A source of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `registry:REF`: an image in a registry.
    Registry(Reference),
    /// `docker:REF`: an image in the engine's store, by its name or its ID.
    Engine(String),
    /// `oci:DIR[:TAG]`: an OCI image layout in a folder.
    Layout(FileName),
    /// `oci-archive:FILE[:TAG]`: an OCI image layout in a tar.
    Archive(FileName),
    /// `docker-archive:FILE[:REF]`: what `docker save` writes.
    DockerArchive(FileName),
    /// `rootfs:DIR`: an unpacked root filesystem.
    RootFs(PathBuf),
    /// A bare reference: the engine's image if it has it, else the registry's.
    Anywhere(Reference),
}

/// A source as the user wrote it, with what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceName {
    spelling: String,
    source: Source,
}

/// A path, and perhaps the name of an image in what lies there. Both may have colons: which of
/// them parts the two is told by what exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

/// Why a text names no source.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceNameError {
    /// Nothing follows the colon.
    #[error("`{0}` names nothing: expected {0}{1}")]
    Nothing(&'static str, &'static str),
    /// As other tools write it.
    #[error("`{0}` is written as other tools do: here it is registry:{1}")]
    Url(String, String),
    /// No name of an image.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

impl SourceName {
    /// As the user wrote it.
    #[must_use]
    pub fn spelling(&self) -> &str {
        &self.spelling
    }

    /// What it was taken for.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Whether a text says by its beginning what kind of source it names. Any other text may be a
    /// path, or a bare reference.
    #[must_use]
    pub fn has_scheme(text: &str) -> bool {
        SCHEMES.iter().any(|(scheme, _)| text.starts_with(scheme))
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.spelling)
    }
}

/// The kinds, and what follows their colons.
const SCHEMES: [(&str, &str); 6] = [
    ("registry:", "REF"),
    ("docker:", "REF"),
    ("oci:", "DIR[:TAG]"),
    ("oci-archive:", "FILE[:TAG]"),
    ("docker-archive:", "FILE[:REF]"),
    ("rootfs:", "DIR"),
];

impl FromStr for SourceName {
    type Err = SourceNameError;

    fn from_str(text: &str) -> Result<Self, SourceNameError> {
        Ok(Self { spelling: text.to_owned(), source: parse(text)? })
    }
}

fn parse(text: &str) -> Result<Source, SourceNameError> {
    let Some((scheme, shape)) = SCHEMES.iter().find(|(scheme, _)| text.starts_with(scheme)) else {
        return Ok(Source::Anywhere(text.parse()?));
    };
    let rest = &text[scheme.len()..];
    if rest.is_empty() {
        return Err(SourceNameError::Nothing(scheme, shape));
    }
    let file = || FileName(rest.to_owned());
    Ok(match *scheme {
        "oci:" => Source::Layout(file()),
        "oci-archive:" => Source::Archive(file()),
        "docker-archive:" => Source::DockerArchive(file()),
        "rootfs:" => Source::RootFs(rest.into()),
        scheme => {
            if let Some(name) = rest.strip_prefix("//") {
                return Err(SourceNameError::Url(text.to_owned(), name.to_owned()));
            }
            // An ID is spelled as a name could be.
            let reference = rest.parse()?;
            if scheme == "docker:" {
                Source::Engine(rest.to_owned())
            } else {
                Source::Registry(reference)
            }
        }
    })
}

impl FileName {
    /// The path, and the name of the image if there is one: the longest path that exists wins.
    #[must_use]
    pub fn locate(&self) -> (&Path, Option<&str>) {
        let text = self.0.as_str();
        let parted = text.rmatch_indices(':').map(|(at, _)| (&text[..at], Some(&text[at + 1..])));
        let exists = |(path, _): &(&str, Option<&str>)| Path::new(path).exists();
        let whole = (text, None);
        let (path, name) = std::iter::once(whole).chain(parted).find(exists).unwrap_or(whole);
        (Path::new(path), name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        let name: SourceName = text.parse().expect(text);
        assert_eq!(name.to_string(), text);
        name.source().clone()
    }

    #[test]
    fn every_kind_has_its_scheme() {
        let file = |it: &str| FileName(it.to_owned());
        let alpine: Reference = "alpine".parse().expect("a name");
        assert_eq!(source("alpine"), Source::Anywhere(alpine.clone()));
        assert_eq!(source("registry:alpine"), Source::Registry(alpine));
        assert_eq!(source("docker:alpine"), Source::Engine("alpine".to_owned()));
        let id = format!("sha256:{}", "0".repeat(64));
        assert_eq!(source(&format!("docker:{id}")), Source::Engine(id));
        assert_eq!(source("oci:a:b"), Source::Layout(file("a:b")));
        assert_eq!(source("oci-archive:a"), Source::Archive(file("a")));
        assert_eq!(source("docker-archive:a"), Source::DockerArchive(file("a")));
        assert_eq!(source("rootfs:/a:b"), Source::RootFs("/a:b".into()));
        assert!(SourceName::has_scheme("oci:a") && !SourceName::has_scheme("oci"));
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for (text, message) in [
            ("oci:", "`oci:` names nothing: expected oci:DIR[:TAG]"),
            ("registry:", "`registry:` names nothing: expected registry:REF"),
            (
                "docker://quay.io/a",
                "`docker://quay.io/a` is written as other tools do: here it is registry:quay.io/a",
            ),
        ] {
            assert_eq!(text.parse::<SourceName>().expect_err(text).to_string(), message);
        }
        assert!("".parse::<SourceName>().is_err());
        assert!("docker:a b".parse::<SourceName>().is_err());
        assert!("registry:A".parse::<SourceName>().is_err());
    }

    #[test]
    fn the_path_is_what_exists() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
        std::fs::write(at("a"), "").expect("a file");
        std::fs::write(at("b:1"), "").expect("a file");
        for (text, path, name) in [
            ("a", "a", None),
            ("a:tag", "a", Some("tag")),
            ("a:localhost:5000/it:1", "a", Some("localhost:5000/it:1")),
            ("b:1", "b:1", None),
            ("b:1:tag", "b:1", Some("tag")),
            ("c:1", "c:1", None),
        ] {
            let file = FileName(at(text));
            assert_eq!(file.locate(), (Path::new(&at(path)), name), "{text}");
        }
    }
}
