//! The rules as data: name, group, severity, one sentence, page.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::severity::Severity;

/// What a rule is about, which also says where its findings stand in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The index as a whole and what it says of its variants.
    Index,
    /// The bytes of executable files.
    Elf,
    /// Programs and libraries, and the loaders that bring them together.
    Linking,
    /// What the kernel starts, and as whom.
    Entrypoint,
    /// How the entrypoint ran.
    Run,
    /// Whether all platforms got the same.
    Parity,
    /// What the build did.
    Build,
    /// What the Dockerfile says.
    Dockerfile,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Index => "index",
            Self::Elf => "ELF",
            Self::Linking => "linking",
            Self::Entrypoint => "entrypoint",
            Self::Run => "run",
            Self::Parity => "parity",
            Self::Build => "build",
            Self::Dockerfile => "Dockerfile",
        })
    }
}

/// A name that no rule has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no rule `{0}`; `archproof explain` lists them")]
pub struct UnknownRule(String);

macro_rules! rules {
    ($($name:ident, $group:ident, $severity:ident, $summary:literal;)*) => {
        /// A defect that archproof finds. The variants are named as in the report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $summary] $name,)*
        }

        impl Rule {
            /// All rules, by group.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in reports and case files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What the rule is about.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $(Self::$name => Group::$group,)* }
            }

            /// How bad the defect is, unless a finding says otherwise.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// The defect in a sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary,)* }
            }

            /// Whether it can find anything only where variants were run.
            #[must_use]
            pub const fn needs_run(self) -> bool {
                matches!(self.group(), Group::Run) || matches!(self, Self::ParityOutput)
            }

            /// Whether it can find anything only where variants were run in sandboxes.
            #[must_use]
            pub const fn needs_sandbox(self) -> bool {
                matches!(self, Self::RunForeignExecutable)
            }

            /// The rule's page, Markdown.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("../../rules/", stringify!($name), ".md")),)*
                }
            }
        }
    };
}

rules! {
    PlatformMissing, Index, Error, "A platform that was asked for is not in the index.";
    PlatformDuplicate, Index, Error, "Two entries of the index are for the same platform.";
    PlatformInvalid, Index, Error, "An entry of the index states a platform that does not exist.";
    PlatformDescriptorMismatch, Index, Error, "The index and the image's config state different platforms.";
    IndexNested, Index, Error, "An entry of the index is an index itself.";
    LayersEmpty, Index, Error, "A variant holds no file.";
    BlobMissing, Index, Error, "A manifest, config or layer that the image names does not exist.";
    DigestMismatch, Index, Error, "The bytes of a layer, config or manifest are not what is stated of them.";
    LayersIdentical, Index, Warning, "Variants for different machines have the same layers, machine code included.";
    ElfMachineMismatch, Elf, Error, "An ELF file is for another machine than its platform.";
    ElfAbiMismatch, Elf, Error, "An ELF file has another calling convention than its platform.";
    ElfIsaTooNew, Elf, Error, "An ELF file declares that it needs a newer processor than its platform promises.";
    ElfPageAlignment, Elf, Error, "An ELF file cannot be used where pages of memory are larger than 4 KiB.";
    ElfPacked, Elf, Warning, "An ELF file is compressed and unpacks itself when it runs.";
    ElfMalformed, Elf, Error, "A file begins as ELF and cannot be loaded.";
    ExecutableForeignFormat, Elf, Warning, "An executable file is for another operating system.";
    InterpreterMissing, Linking, Error, "A program names a loader that the image does not have.";
    InterpreterMismatch, Linking, Error, "A program names a loader that cannot load it.";
    LibraryMissing, Linking, Error, "A file needs a library that the loader does not find.";
    SymbolVersionMissing, Linking, Error, "A file needs a newer library than the image has.";
    LoaderLibcMismatch, Linking, Error, "The loader and the C library are not of one build.";
    EntrypointMissing, Entrypoint, Error, "The file that the image's command names does not exist.";
    EntrypointNotExecutable, Entrypoint, Error, "The image's command names a file that cannot be executed.";
    EntrypointShebang, Entrypoint, Error, "The first line of the entrypoint's script does not lead to an interpreter.";
    EntrypointShellMissing, Entrypoint, Error, "The image's command is in shell form, and the image has no shell.";
    UserMissing, Entrypoint, Error, "The image's user or group is not in its tables of accounts, or is not a valid ID.";
    EnvPathMissing, Entrypoint, Error, "An environment variable names a path of another architecture that does not exist.";
    EnvArchMismatch, Entrypoint, Warning, "A variable of the image or of its build states another architecture.";
    RunFailed, Run, Error, "The entrypoint ended otherwise than expected.";
    RunTimedOut, Run, Error, "The entrypoint did not end.";
    RunHelpUnknown, Run, Warning, "The entrypoint runs and does not know `--help`.";
    RunOutputMissing, Run, Error, "The entrypoint did not print what it should.";
    RunIsaFault, Run, Error, "The entrypoint needs a newer processor than its platform promises.";
    RunForeignExecutable, Run, Error, "A program of another machine was to be executed.";
    ParityOutput, Parity, Note, "The entrypoint does not print the same on all platforms.";
    ParityFiles, Parity, Warning, "A platform lacks files that others have.";
    ParityIdenticalBinary, Parity, Note, "Platforms that promise different processors have the same program.";
    ParityBuildInfo, Parity, Warning, "The platforms are not of one build.";
    ParityLinkage, Parity, Warning, "The entrypoint is linked otherwise than on other platforms.";
    ParityData, Parity, Warning, "Data that does not depend on the architecture differs.";
    BuildFailed, Build, Error, "The Dockerfile cannot be built.";
    BuildStepEmulated, Build, Warning, "A step of the build was executed by an emulator.";
    BuildStepNotShared, Build, Warning, "A step of the build is executed once for each platform and need not be.";
    BasePlatformMissing, Dockerfile, Error, "A base image has nothing for a platform.";
    BasePinnedToOnePlatform, Dockerfile, Error, "The digest of a base image names one platform's image, not the index.";
    PlatformArgShadowed, Dockerfile, Error, "A default takes the place of what the builder says of the platform.";
    PlatformArgOutOfScope, Dockerfile, Warning, "A variable of the builder is read where it is empty.";
    FinalStagePinned, Dockerfile, Error, "The published stage is built from an image of another platform.";
    StagePlatformIgnored, Dockerfile, Warning, "A --platform does nothing, because FROM names an earlier stage.";
    StageUnresolved, Dockerfile, Error, "FROM finds no stage, image or platform for some platforms.";
    BuilderNotNative, Dockerfile, Warning, "A compiler that could cross-compile is emulated.";
    BuilderTargetMissing, Dockerfile, Warning, "A native compiler is not told what to compile for.";
    ArchHardcoded, Dockerfile, Warning, "One architecture is written where each platform needs its own.";
    ArchFromUname, Dockerfile, Warning, "The kernel is asked for the platform.";
    CacheMountShared, Dockerfile, Warning, "All platforms write to one cache what differs between them.";
    PlatformSpelling, Dockerfile, Warning, "The platform is compared with a spelling that the builder never uses.";
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
