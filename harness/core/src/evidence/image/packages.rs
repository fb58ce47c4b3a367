//! What a distribution's package manager says is installed.
//!
//! Source: dpkg, deb-control(5) and `/var/lib/dpkg/status`, of which distroless images have one file
//! a package in `status.d`; apk-tools, apk-package(5), `/lib/apk/db/installed`.

use std::collections::BTreeMap;

use crate::text::escape;
use serde::{Deserialize, Serialize};

/// Installed packages and their versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packages(BTreeMap<String, String>);

/// Larger lists, in bytes, are those of repositories.
pub(crate) const SIZE_LIMIT: u64 = 8 << 20;
/// No image has more, and no name or version is longer.
const COUNT: usize = 20_000;
const LENGTH: usize = 256;

/// The fields of a format.
struct Format {
    name: &'static str,
    version: &'static str,
    status: &'static str,
}

const DPKG: Format = Format { name: "Package: ", version: "Version: ", status: "Status: " };
const APK: Format = Format { name: "P:", version: "V:", status: "" };

/// Whether a file begins as a list does: dpkg's with a package, apk's with a checksum.
pub(crate) fn is_list(head: &[u8]) -> bool {
    head.starts_with(DPKG.name.as_bytes()) || head.starts_with(b"C:Q")
}

impl Packages {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let format = if bytes.starts_with(DPKG.name.as_bytes()) { DPKG } else { APK };
        let text = escape(bytes);
        let paragraphs = text.split("\n\n").filter_map(|it| format.package(it));
        Self(paragraphs.take(COUNT).collect())
    }

    /// Names and versions, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, version)| (name.as_str(), version.as_str()))
    }

    pub(crate) fn size_in_memory(&self) -> usize {
        self.iter()
            .map(|(name, version)| 2 * size_of::<String>() + name.len() + version.len())
            .sum()
    }
}

impl Format {
    fn package(&self, paragraph: &str) -> Option<(String, String)> {
        let field = |name: &str| paragraph.lines().find_map(|it| it.strip_prefix(name));
        let is_installed = self.status.is_empty()
            || field(self.status).is_none_or(|it| it.ends_with(" installed"));
        let (name, version) = (field(self.name)?, field(self.version)?);
        let fits = name.len() <= LENGTH && version.len() <= LENGTH;
        (is_installed && fits).then(|| (name.to_owned(), version.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        assert!(is_list(text.as_bytes()));
        let packages = Packages::parse(text.as_bytes());
        packages.iter().map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
    }

    fn one(name: &str, version: &str) -> (String, String) {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn dpkg_lists_what_is_installed_and_what_was() {
        let text = "Package: libc6\nStatus: install ok installed\nVersion: 2.41-12\n\
            Description: a\n Version: none\n\nPackage: gone\nStatus: deinstall ok config-files\n\
            Version: 1\n\nPackage: halfway\nStatus: install ok unpacked\n";
        assert_eq!(read(text), [one("libc6", "2.41-12")]);
        let distroless = "Package: base-files\nVersion: 13.8\nArchitecture: arm64\n";
        assert_eq!(read(distroless), [one("base-files", "13.8")]);
    }

    #[test]
    fn apk_lists_what_is_installed() {
        let text = "C:Q1a=\nP:musl\nV:1.2.5-r9\nA:x86_64\nF:lib\n\nC:Q1b=\nP:zlib\nV:1.3.1-r2\n";
        assert_eq!(read(text), [one("musl", "1.2.5-r9"), one("zlib", "1.3.1-r2")]);
    }

    #[test]
    fn nothing_of_it_need_be_true() {
        for text in
            ["Package: ", "Package: a", "C:Q", "C:Q\n\n\n\nP:\nV:", "Package: \u{1b}\nVersion: "]
        {
            assert!(read(text).len() <= 1, "{text:?}");
        }
        let long = format!("Package: {}\nVersion: 1\n", "a".repeat(LENGTH + 1));
        assert_eq!(read(&long), []);
    }
}
