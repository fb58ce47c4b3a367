//! Platforms: what a variant of an image promises to run on.
//!
//! A [`Platform`] can only be one that exists: `arm64/v7` has no value here. What an image or a
//! user wrote is parsed by [`Platform::from_str`] after containerd's normalisation
//! (`aarch64` is `arm64`, `arm` is `arm/v7`, `amd64/v1` is `amd64`); what cannot be parsed stays
//! with its author as a [`PlatformError`] that repeats the spelling. Comparison is strict:
//! `arm/v6` is not `arm/v7`, although an ARMv7 machine runs both.
//!
//! Source: [OCI image index, `platform`](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md)
//! and the normalisation of [containerd/platforms](https://github.com/containerd/platforms).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::arch::{self, Amd64Level, Architecture, Arm64Version, ArmVersion, Facts, Unknown};
use crate::elf::ElfTarget;

/// A Linux platform, normalised. Displayed as `linux/arm/v7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    architecture: Architecture,
}

/// Why a spelling is not a platform.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{spelling}` is not a platform: {kind}")]
pub struct PlatformError {
    spelling: String,
    kind: PlatformErrorKind,
}

/// The part of the spelling that is at fault.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlatformErrorKind {
    /// Not `os/architecture[/variant]`.
    #[error("expected os/architecture or os/architecture/variant, such as linux/arm/v7")]
    Shape,
    /// An operating system other than Linux.
    #[error("the operating system `{0}` is not supported, only linux")]
    Os(String),
    /// An architecture that no image uses.
    #[error("unknown architecture `{0}` (known: {known})", known = known())]
    Architecture(String),
    /// A variant that the architecture does not have.
    #[error("{architecture} has no variant `{variant}` (known: {known})")]
    Variant {
        /// The architecture, normalised.
        architecture: &'static str,
        /// The variant as written.
        variant: String,
        /// The variants there are.
        known: &'static str,
    },
}

impl PlatformError {
    /// The part of the spelling that is at fault.
    #[must_use]
    pub fn kind(&self) -> &PlatformErrorKind {
        &self.kind
    }
}

impl Platform {
    /// What most images are published for, taken where nobody names platforms.
    pub const USUAL: [Self; 2] = [
        Self::new(Architecture::Amd64(Amd64Level::V1)),
        Self::new(Architecture::Arm64(Arm64Version::V8)),
    ];

    /// What `all` means for a Dockerfile: the platforms that Debian-based official images have
    /// had for years, with arm/v6.
    pub const ALL: [Self; 8] = [
        Self::new(Architecture::I386),
        Self::new(Architecture::Amd64(Amd64Level::V1)),
        Self::new(Architecture::Arm(ArmVersion::V6)),
        Self::new(Architecture::Arm(ArmVersion::V7)),
        Self::new(Architecture::Arm64(Arm64Version::V8)),
        Self::new(Architecture::Ppc64le),
        Self::new(Architecture::Riscv64),
        Self::new(Architecture::S390x),
    ];

    /// What some images are published for beside those.
    pub const RARE: [Self; 9] = [
        Self::new(Architecture::Amd64(Amd64Level::V2)),
        Self::new(Architecture::Amd64(Amd64Level::V3)),
        Self::new(Architecture::Arm(ArmVersion::V5)),
        Self::new(Architecture::Arm64(Arm64Version::V9)),
        Self::new(Architecture::Loong64),
        Self::new(Architecture::Mips64),
        Self::new(Architecture::Mips64le),
        Self::new(Architecture::Ppc64),
        Self::new(Architecture::Sparc64),
    ];

    /// [`Self::ALL`], then [`Self::RARE`].
    pub fn all_known() -> impl Iterator<Item = Self> + Clone {
        Self::ALL.into_iter().chain(Self::RARE)
    }

    /// The platform of an architecture.
    #[must_use]
    pub const fn new(architecture: Architecture) -> Self {
        Self { architecture }
    }

    /// The platform of the machine that this program was made for.
    #[must_use]
    pub fn of_host() -> Self {
        Self::from_parts("linux", std::env::consts::ARCH, "").unwrap_or(Self::USUAL[0])
    }

    /// The instruction set and its level.
    #[must_use]
    pub const fn architecture(self) -> Architecture {
        self.architecture
    }

    /// Normalises the three fields of an OCI platform.
    ///
    /// # Errors
    ///
    /// Names the field that no Linux platform has.
    pub fn from_parts(os: &str, architecture: &str, variant: &str) -> Result<Self, PlatformError> {
        let fail = |kind| PlatformError { spelling: spell(os, architecture, variant), kind };
        if !os.eq_ignore_ascii_case("linux") {
            return Err(fail(PlatformErrorKind::Os(os.to_owned())));
        }
        parse(&architecture.to_ascii_lowercase(), &variant.to_ascii_lowercase())
            .map(Self::new)
            .map_err(fail)
    }

    /// The machine, class and byte order that the ELF files of this platform carry.
    #[must_use]
    pub const fn elf_target(self) -> ElfTarget {
        self.facts().elf
    }

    /// The OCI spelling of the architecture, such as `arm`.
    #[must_use]
    pub const fn architecture_name(self) -> &'static str {
        self.facts().name
    }

    /// The OCI spelling of the variant: empty where normalisation leaves none.
    #[must_use]
    pub fn variant_name(self) -> String {
        self.facts().variant.to_string()
    }

    /// The facts about its architecture.
    #[must_use]
    pub const fn facts(self) -> Facts {
        self.architecture.facts()
    }
}

fn parse(architecture: &str, variant: &str) -> Result<Architecture, PlatformErrorKind> {
    Architecture::parse(architecture, variant).map_err(|it| match it {
        Unknown::Architecture => PlatformErrorKind::Architecture(architecture.to_owned()),
        Unknown::Variant { name, known } => {
            PlatformErrorKind::Variant { architecture: name, variant: variant.to_owned(), known }
        }
    })
}

fn known() -> String {
    arch::ALL.map(|it| it.name).join(", ")
}

fn spell(os: &str, architecture: &str, variant: &str) -> String {
    let mut spelling = format!("{os}/{architecture}");
    if !variant.is_empty() {
        spelling.push('/');
        spelling.push_str(variant);
    }
    spelling
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&spell("linux", self.architecture_name(), &self.variant_name()))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// Reads `os/architecture[/variant]`, or an architecture alone as containerd does.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [architecture] if !architecture.is_empty() => {
                Self::from_parts("linux", architecture, "")
            }
            [os, architecture] => Self::from_parts(os, architecture, ""),
            [os, architecture, variant] if !variant.is_empty() => {
                Self::from_parts(os, architecture, variant)
            }
            _ => Err(PlatformError { spelling: text.to_owned(), kind: PlatformErrorKind::Shape }),
        }
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Platform {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_normalised_as_containerd_does() {
        for (written, normalised) in [
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/7", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/armel/v7", "linux/arm/v6"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm64/v8.2", "linux/arm64/v8.2"),
            ("linux/aarch64", "linux/arm64"),
            ("aarch64", "linux/arm64"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("Linux/AMD64/V3", "linux/amd64/v3"),
            ("linux/i386", "linux/386"),
            ("linux/ppc64el", "linux/ppc64le"),
        ] {
            let platform: Platform = written.parse().expect(written);
            assert_eq!(platform.to_string(), normalised, "{written}");
            assert_eq!(normalised.parse(), Ok(platform), "normalisation is idempotent");
        }
    }

    #[test]
    fn what_does_not_exist_is_refused_with_the_part_at_fault() {
        for (written, message) in [
            ("linux/arm64/v7", "arm64 has no variant `v7` (known: v8 to v9.7)"),
            ("linux/arm/v9", "arm has no variant `v9` (known: v5 to v8)"),
            ("linux/amd64/v5", "amd64 has no variant `v5` (known: v1 to v4)"),
            ("linux/s390x/z13", "s390x has no variant `z13` (known: none)"),
            ("windows/amd64", "the operating system `windows` is not supported, only linux"),
            ("linux/bogus", "unknown architecture `bogus`"),
            ("linux/arm/v7/x", "expected os/architecture"),
            ("linux/arm/", "expected os/architecture"),
            ("", "expected os/architecture"),
        ] {
            let error = Platform::from_str(written).expect_err(written).to_string();
            assert!(error.contains(message), "{written}: {error}");
        }
    }
}
