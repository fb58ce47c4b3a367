//! 64-bit ARM.

use std::fmt;

use super::facts::{Facts, GlibcNames, Host, Instructions, KIB, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

/// The versions of the 64-bit ARM architecture that image variants name: v8 or v9, with an
/// extension level (`v8.2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arm64Version {
    major: u8,
    minor: u8,
}

impl Arm64Version {
    /// `ARMv8.0-A`, what `arm64` alone promises.
    pub const V8: Self = Self { major: 8, minor: 0 };

    /// `ARMv8.1-A`, the first with the atomic instructions of `FEAT_LSE`.
    pub const V8_1: Self = Self { major: 8, minor: 1 };

    /// `ARMv9.0-A`.
    pub const V9: Self = Self { major: 9, minor: 0 };

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

    const fn variant(self) -> Variant {
        Variant::Version { major: self.major, minor: self.minor }
    }
}

impl fmt::Display for Arm64Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.variant().fmt(f)
    }
}

pub(super) const fn facts(version: Arm64Version) -> Facts {
    Facts {
        name: "arm64",
        variant: match (version.major, version.minor) {
            (8, 0) => Variant::Unwritten,
            _ => version.variant(),
        },
        spellings: &["arm64", "aarch64"],
        variants: "v8 to v9.7",
        elf: ElfTarget { machine: Machine::AARCH64, class: Class::Elf64, data: Data::Lsb },
        elf_flags: 0,
        executes: &[],
        // Many servers' processors, and Apple's, have left it out.
        may_execute: &[ElfTarget { machine: Machine::ARM, class: Class::Elf32, data: Data::Lsb }],
        // Apple's machines and the Raspberry Pi 5; servers.
        large_pages: &[16 * KIB, 64 * KIB],
        glibc: GlibcNames {
            triplets: &["aarch64-linux-gnu"],
            libraries: &["lib64"],
            platforms: &["aarch64"],
            cache_flags: &[0xa03],
        },
        uname: &["aarch64"],
        host: Host::Own,
        debian: &["arm64"],
        alpine: "aarch64",
        unmistakable: &["arm64", "arm64v8", "aarch64"],
        common: &["armv8", "sbsa"],
        emulator: "qemu-aarch64",
        baseline: Some(match (version.major, version.minor) {
            (8, 0) => "cortex-a53",
            (8, 1 | 2) => "cortex-a76",
            (8, 3 | 4) => "neoverse-v1",
            (9, 0) => "neoverse-n2",
            _ => "max",
        }),
        newest: "max",
        instructions: Instructions::Words,
        // mov x0, 42; mov x8, 93; svc 0
        exit_42: b"\x40\x05\x80\xd2\xa8\x0b\x80\xd2\x01\0\0\xd4",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_include_older_ones() {
        let of = |text| Arm64Version::parse(text).expect(text);
        for (newer, older) in [("v8", "v8"), ("v8.2", "v8.1"), ("v9", "v8.5"), ("v9.2", "v9.1")] {
            assert!(of(newer).includes(of(older)), "{newer} {older}");
        }
        for (older, newer) in [("v8", "v8.1"), ("v8.9", "v9"), ("v9", "v8.6"), ("v9.1", "v9.2")] {
            assert!(!of(older).includes(of(newer)), "{older} {newer}");
        }
    }
}
