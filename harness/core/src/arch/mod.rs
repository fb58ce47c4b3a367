//! Architectures: each file holds all facts about one.
//!
//! A new architecture is a new file, and its lines in this one.

mod amd64;
mod arm;
mod arm64;
mod facts;
mod i386;
mod loong64;
mod mips64;
mod mips64le;
mod ppc64;
mod ppc64le;
mod riscv64;
mod s390x;
mod sparc64;

pub use amd64::Amd64Level;
pub use arm::ArmVersion;
pub use arm64::Arm64Version;
pub(crate) use facts::GlibcNames;
pub use facts::{Facts, Host, Instructions, Variant};

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
    /// 64-bit SPARC.
    Sparc64,
}

/// Every architecture once, at the level it has if no variant is named.
const EACH: [Architecture; 12] = [
    Architecture::I386,
    Architecture::Amd64(Amd64Level::V1),
    Architecture::Arm(ArmVersion::V7),
    Architecture::Arm64(Arm64Version::V8),
    Architecture::Loong64,
    Architecture::Mips64,
    Architecture::Mips64le,
    Architecture::Ppc64,
    Architecture::Ppc64le,
    Architecture::Riscv64,
    Architecture::S390x,
    Architecture::Sparc64,
];

/// The facts about each of them.
pub(crate) static ALL: [Facts; EACH.len()] = {
    let mut all = [EACH[0].facts(); EACH.len()];
    let mut at = 0;
    while at < EACH.len() {
        all[at] = EACH[at].facts();
        at += 1;
    }
    all
};

/// Why a spelling and a variant name no architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The spelling is of no architecture.
    Architecture,
    /// The architecture has no such variant.
    Variant {
        /// The architecture.
        name: &'static str,
        /// The variants that exist, for error messages.
        known: &'static str,
    },
}

impl Architecture {
    /// Parses a spelling and a variant in lower case.
    pub(crate) fn parse(spelling: &str, variant: &str) -> Result<Self, Unknown> {
        let found = EACH.into_iter().zip(&ALL).find(|it| it.1.spellings.contains(&spelling));
        let (architecture, facts) = found.ok_or(Unknown::Architecture)?;
        let parsed = match architecture {
            Self::Amd64(_) => Amd64Level::parse(variant).map(Self::Amd64),
            Self::Arm(_) => ArmVersion::parse(spelling, variant).map(Self::Arm),
            Self::Arm64(_) => Arm64Version::parse(variant).map(Self::Arm64),
            without_variants => variant.is_empty().then_some(without_variants),
        };
        parsed.ok_or(Unknown::Variant { name: facts.name, known: facts.variants })
    }

    /// The facts about it.
    #[must_use]
    pub const fn facts(self) -> Facts {
        match self {
            Self::I386 => i386::FACTS,
            Self::Amd64(level) => amd64::facts(level),
            Self::Arm(version) => arm::facts(version),
            Self::Arm64(version) => arm64::facts(version),
            Self::Loong64 => loong64::FACTS,
            Self::Mips64 => mips64::FACTS,
            Self::Mips64le => mips64le::FACTS,
            Self::Ppc64 => ppc64::FACTS,
            Self::Ppc64le => ppc64le::FACTS,
            Self::Riscv64 => riscv64::FACTS,
            Self::S390x => s390x::FACTS,
            Self::Sparc64 => sparc64::FACTS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_parsed() {
        for facts in &ALL {
            assert!(facts.spellings.contains(&facts.name), "{}", facts.name);
            let variant = facts.variant.to_string();
            let parsed = Architecture::parse(facts.name, &variant).expect(facts.name).facts();
            assert_eq!((parsed.name, parsed.variant), (facts.name, facts.variant));
            for spelling in facts.spellings {
                let parsed = Architecture::parse(spelling, "").expect(spelling);
                assert_eq!(parsed.facts().name, facts.name);
            }
            let unknown = Unknown::Variant { name: facts.name, known: facts.variants };
            assert_eq!(Architecture::parse(facts.name, "v99"), Err(unknown));
        }
    }

    #[test]
    fn no_word_stands_for_two() {
        let words = ALL.iter().flat_map(|it| {
            let named = it.unmistakable.iter().chain(it.common);
            named.map(|word| (*word, it.elf.machine)).collect::<Vec<_>>()
        });
        let mut words: Vec<_> = words.collect();
        words.sort_by_key(|it| it.0);
        for pair in words.windows(2) {
            assert!(pair[0].0 != pair[1].0, "{:?}", pair[0]);
        }
    }
}
