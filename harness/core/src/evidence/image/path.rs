//! Paths inside an image.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::escape;

/// An absolute path in an image: begins with `/`, has no `.`, `..`, empty component or trailing
/// slash. Bytes that are not UTF-8 are kept apart as `\xNN`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImagePath(String);

impl ImagePath {
    /// `/`.
    #[must_use]
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Cleans a path as written in a tar header: relative to the root, `..` stops there.
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Self {
        Self::clean(&escape(raw))
    }

    /// Cleans a path: relative to the root, `..` stops there. Symlinks are not looked at.
    #[must_use]
    pub fn clean(text: &str) -> Self {
        let mut path = Self::root();
        for component in text.split('/') {
            match component {
                "" | "." => {}
                ".." => path = path.parent().unwrap_or_else(Self::root),
                name => path = path.join(name),
            }
        }
        path
    }

    /// The path of a name in this directory. The name is one component.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        if self.is_root() { Self(format!("/{name}")) } else { Self(format!("{}/{name}", self.0)) }
    }

    /// The directory that holds it; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match self.0.rsplit_once('/') {
            Some(_) if self.is_root() => None,
            Some(("", _)) | None => Some(Self::root()),
            Some((parent, _)) => Some(Self(parent.to_owned())),
        }
    }

    /// The last component; empty for the root.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// Whether it is `/`.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// The components, from the root down.
    #[must_use]
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|it| !it.is_empty())
    }

    /// The text, beginning with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What every path below this directory begins with.
    #[must_use]
    pub fn as_prefix(&self) -> String {
        if self.is_root() { self.0.clone() } else { format!("{}/", self.0) }
    }
}

/// A path is sorted and compared as its text is.
impl Borrow<str> for ImagePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_clean_and_stay_inside() {
        for (raw, clean) in [
            (&b"usr/bin/env"[..], "/usr/bin/env"),
            (b"./a//b/", "/a/b"),
            (b"/abs", "/abs"),
            (b"../../etc/passwd", "/etc/passwd"),
            (b"a/../..", "/"),
            (b"", "/"),
            (b"caf\xe9", "/caf\\xe9"),
        ] {
            assert_eq!(ImagePath::from_bytes(raw).as_str(), clean);
        }
        assert_eq!(ImagePath::clean("/a/b").parent(), Some(ImagePath::clean("/a")));
        assert_eq!(ImagePath::clean("/a").parent(), Some(ImagePath::root()));
        assert_eq!(ImagePath::root().parent(), None);
    }
}
