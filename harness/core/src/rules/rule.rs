//! The names of the rules.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A name that no rule has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no rule `{0}`; `archproof explain` lists them")]
pub struct UnknownRule(String);

macro_rules! rules {
    ($($name:ident,)*) => {
        /// A defect that archproof finds. Ordered as in the list of the rules.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each rule's own file says what it finds")]
        pub enum Rule {
            $($name,)*
        }

        impl Rule {
            /// All rules, by group.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in reports and case files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

rules! {
    PlatformMissing,
    PlatformDuplicate,
    PlatformInvalid,
    PlatformDescriptorMismatch,
    IndexNested,
    LayersEmpty,
    BlobMissing,
    DigestMismatch,
    LayersIdentical,
    ElfMachineMismatch,
    ElfAbiMismatch,
    ElfIsaTooNew,
    ElfPageAlignment,
    ElfPacked,
    ElfMalformed,
    ExecutableForeignFormat,
    InterpreterMissing,
    InterpreterMismatch,
    LibraryMissing,
    SymbolVersionMissing,
    LoaderLibcMismatch,
    EntrypointMissing,
    EntrypointNotExecutable,
    EntrypointShebang,
    EntrypointShellMissing,
    UserMissing,
    EnvPathMissing,
    EnvArchMismatch,
    RunFailed,
    RunTimedOut,
    RunHelpUnknown,
    RunOutputMissing,
    RunIsaFault,
    RunForeignExecutable,
    ParityOutput,
    ParityFiles,
    ParityIdenticalBinary,
    ParityBuildInfo,
    ParityLinkage,
    ParityData,
    BuildFailed,
    BuildStepEmulated,
    BuildStepNotShared,
    BasePlatformMissing,
    BasePinnedToOnePlatform,
    PlatformArgShadowed,
    PlatformArgOutOfScope,
    FinalStagePinned,
    StagePlatformIgnored,
    StageUnresolved,
    BuilderNotNative,
    BuilderTargetMissing,
    ArchHardcoded,
    ArchFromUname,
    CacheMountShared,
    PlatformSpelling,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        let found = Self::ALL.iter().find(|it| it.name() == text);
        found.copied().ok_or_else(|| UnknownRule(text.to_owned()))
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
