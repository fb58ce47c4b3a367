//! 32-bit ARM.

use super::facts::{Facts, GlibcNames, Host, Instructions, Variant};
use crate::elf::{Class, Data, ElfTarget, Machine};

/// The versions of the 32-bit ARM architecture that image variants name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the versions")]
pub enum ArmVersion {
    V5,
    V6,
    V7,
    V8,
}

impl ArmVersion {
    /// Parses a spelling and a variant; `None` if there is no such version.
    pub(super) fn parse(spelling: &str, variant: &str) -> Option<Self> {
        // containerd fixes the version of the two Debian names, whatever the variant says.
        let variant = match spelling {
            "armhf" => "v7",
            "armel" => "v6",
            _ => variant,
        };
        match variant {
            "v5" | "5" => Some(Self::V5),
            "v6" | "6" => Some(Self::V6),
            "" | "v7" | "7" => Some(Self::V7),
            "v8" | "8" => Some(Self::V8),
            _ => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V5 => 5,
            Self::V6 => 6,
            Self::V7 => 7,
            Self::V8 => 8,
        }
    }
}

pub(super) const fn facts(version: ArmVersion) -> Facts {
    Facts {
        name: "arm",
        variant: Variant::Version { major: version.number(), minor: 0 },
        spellings: &["arm", "armhf", "armel"],
        variants: "v5 to v8",
        elf: ElfTarget { machine: Machine::ARM, class: Class::Elf32, data: Data::Lsb },
        // EF_ARM_EABI_VER5
        elf_flags: 0x0500_0000,
        executes: &[],
        may_execute: &[],
        large_pages: &[],
        // The float ABI is not told apart here: what the cache of an image lists is its own.
        glibc: GlibcNames {
            triplets: &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
            libraries: &[],
            platforms: &["v8l", "v7l", "v6l", "v5l"],
            cache_flags: &[0x903, 0xb03, 3],
        },
        uname: &["aarch64", "armv5tel", "armv6l", "armv7l", "armv8l", "arm", "armhf"],
        host: Host::Wider {
            prints: "aarch64",
            own: match version {
                ArmVersion::V5 => "armv5tel",
                ArmVersion::V6 => "armv6l",
                ArmVersion::V7 | ArmVersion::V8 => "armv7l",
            },
        },
        debian: match version {
            ArmVersion::V5 => &["armel"],
            // Raspbian's armhf is for ARMv6.
            ArmVersion::V6 | ArmVersion::V7 | ArmVersion::V8 => &["armhf", "armel"],
        },
        alpine: match version {
            ArmVersion::V5 | ArmVersion::V6 => "armhf",
            ArmVersion::V7 | ArmVersion::V8 => "armv7",
        },
        unmistakable: &["arm32v5", "arm32v6", "arm32v7", "armhf", "armel", "gnueabihf"],
        common: &["arm", "armeabi", "armv5", "armv6", "armv6l", "armv7", "armv7l"],
        emulator: "qemu-arm",
        baseline: Some(match version {
            ArmVersion::V5 => "arm926",
            ArmVersion::V6 => "arm1176",
            ArmVersion::V7 => "cortex-a7",
            ArmVersion::V8 => "max",
        }),
        newest: "max",
        instructions: Instructions::Words,
        // mov r0, 42; mov r7, 1; svc 0
        exit_42: b"\x2a\0\xa0\xe3\x01\x70\xa0\xe3\0\0\0\xef",
    }
}
