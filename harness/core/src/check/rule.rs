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
    PlatformMissing, Index, Error, "A requested platform is missing from the index.";
    PlatformDuplicate, Index, Error, "Two index entries are for the same platform.";
    PlatformInvalid, Index, Error, "An index entry names a platform that does not exist.";
    PlatformDescriptorMismatch, Index, Error, "The index and the image config name different platforms.";
    IndexNested, Index, Error, "An index entry is itself an index.";
    LayersEmpty, Index, Error, "A variant contains no files.";
    BlobMissing, Index, Error, "A manifest, config or layer that the image refers to does not exist.";
    DigestMismatch, Index, Error, "The bytes of a layer, config or manifest do not match their stated digest or size.";
    LayersIdentical, Index, Warning, "Variants for different architectures share the same layers, machine code included.";
    ElfMachineMismatch, Elf, Error, "An ELF file is built for another architecture than its platform.";
    ElfAbiMismatch, Elf, Error, "An ELF file uses another ABI than its platform.";
    ElfIsaTooNew, Elf, Error, "An ELF file declares that it needs a newer processor than its platform promises.";
    ElfPageAlignment, Elf, Error, "An ELF file cannot be loaded where memory pages are larger than 4 KiB.";
    ElfPacked, Elf, Warning, "An ELF file is compressed and unpacks itself when it runs.";
    ElfMalformed, Elf, Error, "A file starts with an ELF header but cannot be loaded.";
    ExecutableForeignFormat, Elf, Warning, "An executable file is built for another operating system.";
    InterpreterMissing, Linking, Error, "A program needs a dynamic loader that is not in the image.";
    InterpreterMismatch, Linking, Error, "A program names a dynamic loader that cannot load it.";
    LibraryMissing, Linking, Error, "A file needs a shared library that the dynamic loader does not find.";
    SymbolVersionMissing, Linking, Error, "A file needs a newer shared library than the one in the image.";
    LoaderLibcMismatch, Linking, Error, "The dynamic loader and the C library come from different builds.";
    EntrypointMissing, Entrypoint, Error, "The file that the image's command names does not exist.";
    EntrypointNotExecutable, Entrypoint, Error, "The file that the image's command names cannot be executed.";
    EntrypointShebang, Entrypoint, Error, "The first line of the entrypoint script does not lead to an interpreter.";
    EntrypointShellMissing, Entrypoint, Error, "The image's command is in shell form, but the image has no shell.";
    UserMissing, Entrypoint, Error, "The image's user or group is not in /etc/passwd or /etc/group, or is not a valid ID.";
    EnvPathMissing, Entrypoint, Error, "An environment variable contains another architecture's path, which does not exist.";
    EnvArchMismatch, Entrypoint, Warning, "An environment variable or build argument names another architecture.";
    RunFailed, Run, Error, "The entrypoint failed.";
    RunTimedOut, Run, Error, "The entrypoint did not exit within the time limit.";
    RunHelpUnknown, Run, Warning, "The entrypoint runs but does not support `--help`.";
    RunOutputMissing, Run, Error, "The entrypoint did not print the required output.";
    RunIsaFault, Run, Error, "The entrypoint needs a newer processor than its platform promises.";
    RunForeignExecutable, Run, Error, "The run tried to execute a program of another architecture.";
    ParityOutput, Parity, Note, "The entrypoint prints different output on different platforms.";
    ParityFiles, Parity, Warning, "Files that other platforms have are missing on one platform.";
    ParityIdenticalBinary, Parity, Note, "Platforms that promise different processors have the same program.";
    ParityBuildInfo, Parity, Warning, "The platforms were not built from the same sources and versions.";
    ParityLinkage, Parity, Warning, "The entrypoint is linked differently from other platforms.";
    ParityData, Parity, Warning, "Data that should not depend on the architecture differs.";
    BuildFailed, Build, Error, "The Dockerfile cannot be built.";
    BuildStepEmulated, Build, Warning, "A build step ran under emulation.";
    BuildStepNotShared, Build, Warning, "A build step runs once per platform although one run would do.";
    BasePlatformMissing, Dockerfile, Error, "A base image is not available for a platform.";
    BasePinnedToOnePlatform, Dockerfile, Error, "A base image is pinned to the digest of one platform's image, not of the index.";
    PlatformArgShadowed, Dockerfile, Error, "A default on a platform `ARG` overrides the value that BuildKit sets.";
    PlatformArgOutOfScope, Dockerfile, Warning, "A platform `ARG` is used in a stage that does not declare it, so it is empty.";
    FinalStagePinned, Dockerfile, Error, "The final stage always uses the same platform.";
    StagePlatformIgnored, Dockerfile, Warning, "`--platform` has no effect because FROM names an earlier stage.";
    StageUnresolved, Dockerfile, Error, "FROM names no stage, image or platform that exists, on some platforms.";
    BuilderNotNative, Dockerfile, Warning, "A compiler that can cross-compile runs under emulation.";
    BuilderTargetMissing, Dockerfile, Warning, "A compiler on the build platform is not told which platform to compile for.";
    ArchHardcoded, Dockerfile, Warning, "One architecture is hard-coded where each platform needs its own.";
    ArchFromUname, Dockerfile, Warning, "The architecture is taken from `uname`, which reports the build machine's kernel.";
    CacheMountShared, Dockerfile, Warning, "All platforms share a build cache whose contents differ by platform.";
    PlatformSpelling, Dockerfile, Warning, "A condition compares the platform with a spelling that BuildKit never uses.";
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
