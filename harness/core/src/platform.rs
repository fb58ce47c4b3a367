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

use crate::elf::{Class, Data, ElfTarget, Machine};

/// A Linux platform, normalised. Displayed as `linux/arm/v7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    architecture: Architecture,
}

/// An instruction set with the level that its variant names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Architecture {
    /// 32-bit x86.
    I386,
    /// 64-bit x86, at a level of the psABI.
    Amd64(Amd64Level),
    /// 32-bit ARM.
    Arm(ArmVersion),
    /// 64-bit ARM, little-endian.
    Arm64(Arm64Version),
    /// 64-bit LoongArch.
    Loong64,
    /// 64-bit MIPS, big-endian.
    Mips64,
    /// 64-bit MIPS, little-endian.
    Mips64le,
    /// 64-bit PowerPC, big-endian.
    Ppc64,
    /// 64-bit PowerPC, little-endian.
    Ppc64le,
    /// 64-bit RISC-V.
    Riscv64,
    /// IBM Z.
    S390x,
}

/// The micro-architecture levels of the x86-64 psABI, section 3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the levels")]
pub enum Amd64Level {
    V1,
    V2,
    V3,
    V4,
}

/// The versions of the 32-bit ARM architecture that image variants name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the versions")]
pub enum ArmVersion {
    V5,
    V6,
    V7,
    V8,
}

/// The versions of the 64-bit ARM architecture that image variants name: v8 or v9, with an
/// extension level (`v8.2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arm64Version {
    major: u8,
    minor: u8,
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
    #[error("unknown architecture `{0}` (known: {known})", known = KNOWN)]
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

const KNOWN: &str =
    "386, amd64, arm, arm64, loong64, mips64, mips64le, ppc64, ppc64le, riscv64, s390x";

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
    pub const RARE: [Self; 8] = [
        Self::new(Architecture::Amd64(Amd64Level::V2)),
        Self::new(Architecture::Amd64(Amd64Level::V3)),
        Self::new(Architecture::Arm(ArmVersion::V5)),
        Self::new(Architecture::Arm64(Arm64Version::V9)),
        Self::new(Architecture::Loong64),
        Self::new(Architecture::Mips64),
        Self::new(Architecture::Mips64le),
        Self::new(Architecture::Ppc64),
    ];

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
        let variant = variant.to_ascii_lowercase();
        Architecture::parse(&architecture.to_ascii_lowercase(), &variant)
            .map(Self::new)
            .map_err(fail)
    }

    /// The machine, class and byte order that the ELF files of this platform carry.
    #[must_use]
    pub const fn elf_target(self) -> ElfTarget {
        use Architecture as A;
        let (machine, class, data) = match self.architecture {
            A::I386 => (Machine::I386, Class::Elf32, Data::Lsb),
            A::Amd64(_) => (Machine::X86_64, Class::Elf64, Data::Lsb),
            A::Arm(_) => (Machine::ARM, Class::Elf32, Data::Lsb),
            A::Arm64(_) => (Machine::AARCH64, Class::Elf64, Data::Lsb),
            A::Loong64 => (Machine::LOONGARCH, Class::Elf64, Data::Lsb),
            A::Mips64 => (Machine::MIPS, Class::Elf64, Data::Msb),
            A::Mips64le => (Machine::MIPS, Class::Elf64, Data::Lsb),
            A::Ppc64 => (Machine::PPC64, Class::Elf64, Data::Msb),
            A::Ppc64le => (Machine::PPC64, Class::Elf64, Data::Lsb),
            A::Riscv64 => (Machine::RISCV, Class::Elf64, Data::Lsb),
            A::S390x => (Machine::S390, Class::Elf64, Data::Msb),
        };
        ElfTarget { machine, class, data }
    }

    /// The OCI spelling of the architecture, such as `arm`.
    #[must_use]
    pub const fn architecture_name(self) -> &'static str {
        self.architecture.name()
    }

    /// The OCI spelling of the variant: empty where normalisation leaves none.
    #[must_use]
    pub fn variant_name(self) -> String {
        match self.architecture {
            Architecture::Amd64(level) if level != Amd64Level::V1 => {
                format!("v{}", level as u8 + 1)
            }
            Architecture::Arm(version) => format!("v{}", version as u8 + 5),
            Architecture::Arm64(version) if version != Arm64Version::V8 => version.to_string(),
            _ => String::new(),
        }
    }
}

impl Architecture {
    const fn name(self) -> &'static str {
        match self {
            Self::I386 => "386",
            Self::Amd64(_) => "amd64",
            Self::Arm(_) => "arm",
            Self::Arm64(_) => "arm64",
            Self::Loong64 => "loong64",
            Self::Mips64 => "mips64",
            Self::Mips64le => "mips64le",
            Self::Ppc64 => "ppc64",
            Self::Ppc64le => "ppc64le",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
        }
    }

    fn parse(architecture: &str, variant: &str) -> Result<Self, PlatformErrorKind> {
        // containerd fixes the version of the two Debian names, whatever the variant says.
        let (architecture, variant) = match architecture {
            "armhf" => ("arm", "v7"),
            "armel" => ("arm", "v6"),
            other => (other, variant),
        };
        let plain = |it: Self| {
            if variant.is_empty() { Ok(it) } else { Err(it.unknown_variant(variant, "none")) }
        };
        match architecture {
            "386" | "i386" | "i686" => plain(Self::I386),
            "amd64" | "x86_64" | "x86-64" => Self::parse_amd64(variant),
            "arm" => Self::parse_arm(variant),
            "arm64" | "aarch64" => Self::parse_arm64(variant),
            "loong64" | "loongarch64" => plain(Self::Loong64),
            "mips64" => plain(Self::Mips64),
            "mips64le" | "mips64el" => plain(Self::Mips64le),
            "ppc64" => plain(Self::Ppc64),
            "ppc64le" | "ppc64el" => plain(Self::Ppc64le),
            "riscv64" => plain(Self::Riscv64),
            "s390x" => plain(Self::S390x),
            other => Err(PlatformErrorKind::Architecture(other.to_owned())),
        }
    }

    fn parse_amd64(variant: &str) -> Result<Self, PlatformErrorKind> {
        let level = match variant {
            "" | "v1" => Amd64Level::V1,
            "v2" => Amd64Level::V2,
            "v3" => Amd64Level::V3,
            "v4" => Amd64Level::V4,
            _ => return Err(Self::Amd64(Amd64Level::V1).unknown_variant(variant, "v1 to v4")),
        };
        Ok(Self::Amd64(level))
    }

    fn parse_arm(variant: &str) -> Result<Self, PlatformErrorKind> {
        let version = match variant {
            "v5" | "5" => ArmVersion::V5,
            "v6" | "6" => ArmVersion::V6,
            "" | "v7" | "7" => ArmVersion::V7,
            "v8" | "8" => ArmVersion::V8,
            _ => return Err(Self::Arm(ArmVersion::V7).unknown_variant(variant, "v5 to v8")),
        };
        Ok(Self::Arm(version))
    }

    fn parse_arm64(variant: &str) -> Result<Self, PlatformErrorKind> {
        Arm64Version::parse(variant)
            .map(Self::Arm64)
            .ok_or_else(|| Self::Arm64(Arm64Version::V8).unknown_variant(variant, "v8 to v9.7"))
    }

    fn unknown_variant(self, variant: &str, known: &'static str) -> PlatformErrorKind {
        PlatformErrorKind::Variant { architecture: self.name(), variant: variant.to_owned(), known }
    }
}

impl Arm64Version {
    /// 8 or 9.
    #[must_use]
    pub const fn major(self) -> u8 {
        self.major
    }

    /// The extension level.
    #[must_use]
    pub const fn minor(self) -> u8 {
        self.minor
    }

    /// `ARMv8.0-A`, what `arm64` alone promises.
    pub const V8: Self = Self { major: 8, minor: 0 };

    /// `ARMv9.0-A`.
    pub const V9: Self = Self { major: 9, minor: 0 };

    /// `ARMv8.1-A`, the first with the atomic instructions of `FEAT_LSE`.
    pub const V8_1: Self = Self { major: 8, minor: 1 };

    /// Whether a processor of this version has everything of another: ARMv9.0 begins with what
    /// ARMv8.5 has. Source: Arm Architecture Reference Manual, A2.3, "Armv9 architecture extensions".
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        let as_v8 = if self.major == 9 { self.minor + 5 } else { self.minor };
        if other.major == 9 {
            self.major == 9 && self.minor >= other.minor
        } else {
            as_v8 >= other.minor
        }
    }

    /// Reads a variant; `None` where there is no such version.
    pub(crate) fn parse(variant: &str) -> Option<Self> {
        if variant.is_empty() {
            return Some(Self::V8);
        }
        let digits = variant.strip_prefix('v').unwrap_or(variant);
        let (major, minor) = digits.split_once('.').unwrap_or((digits, "0"));
        // The extension levels that Arm has published: v8.0 to v8.9, v9.0 to v9.7.
        let version = Self { major: major.parse().ok()?, minor: minor.parse().ok()? };
        matches!((version.major, version.minor), (8, 0..=9) | (9, 0..=7)).then_some(version)
    }
}

impl fmt::Display for Arm64Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 => write!(f, "v{}", self.major),
            minor => write!(f, "v{}.{minor}", self.major),
        }
    }
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
    fn versions_of_arm64_include_older_ones() {
        let of = |text| Arm64Version::parse(text).expect(text);
        for (newer, older) in [("v8", "v8"), ("v8.2", "v8.1"), ("v9", "v8.5"), ("v9.2", "v9.1")] {
            assert!(of(newer).includes(of(older)), "{newer} {older}");
        }
        for (older, newer) in [("v8", "v8.1"), ("v8.9", "v9"), ("v9", "v8.6"), ("v9.1", "v9.2")] {
            assert!(!of(older).includes(of(newer)), "{older} {newer}");
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
