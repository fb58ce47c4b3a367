//! How an image was built, step by step, for whom, and where; or why there is none.
//!
//! A step is a vertex of BuildKit's graph that stands for something of the Dockerfile: `FROM`,
//! `RUN`, `COPY`, `ADD`, `WORKDIR`. What BuildKit does for itself (`[internal] load …`, exporting)
//! is none.

use serde::{Deserialize, Serialize};

use crate::dockerfile::Recipe;
use crate::oci::Digest;
use crate::platform::Platform;

/// What is known of how an image came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// It was found, not built.
    #[default]
    Found,
    /// It was built, and this is how.
    Built(BuildTrace),
}

/// What a build did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildTrace {
    /// What was built, and for what.
    pub recipe: Box<Recipe>,
    /// What BuildKit itself warns of.
    #[serde(default)]
    pub checks: BuilderChecks,
    /// What its platforms rest on.
    pub basis: Basis,
    /// The steps, by line, then by the platforms that depend on them.
    pub steps: Vec<BuildStep>,
}

/// What the platforms of a trace rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// BuildKit's record of the build: its provenance in full, by the digests of the steps.
    ///
    /// Source: [BuildKit, SLSA definitions](https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md).
    Recorded,
    /// The names of the steps alone, and why: they are claims, not proof.
    Claimed(String),
}

/// A step of a build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BuildStep {
    /// Where the Dockerfile says so; absent for what is not in it, such as named contexts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Lines>,
    /// The stage as BuildKit names it: `builder`, `stage-1`; empty for an only stage without a name.
    pub stage: String,
    /// The instruction as it is in the Dockerfile, on one line; as BuildKit names it where no line
    /// is known.
    pub instruction: String,
    /// The platforms whose image depends on it, sorted.
    pub platforms: Vec<Platform>,
    /// Where its result goes.
    pub reach: Reach,
    /// What it does.
    pub work: Work,
    /// What became of it.
    pub end: StepEnd,
}

/// Lines of a Dockerfile, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lines {
    /// The first one.
    pub first: u32,
    /// The last one; the first one where it is the only one.
    pub last: u32,
}

/// Where the result of a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Into the image: its stage is the last one or one that this builds on.
    Image,
    /// Into a stage from which files are copied or mounted.
    Builder,
    /// Nobody says: the platforms of the trace are claims.
    Unknown,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// It fetches: `FROM`, a named context, what `ADD` downloads.
    Source,
    /// It moves files: `COPY`, `ADD`, `WORKDIR`.
    Files,
    /// It executes a program: `RUN`.
    Execution(Execution),
    /// It executes a program, and nobody says on which platform.
    Unplaced,
}

/// Where a step executes its program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Execution {
    /// The platform that BuildKit executes it for, which is its stage's. A base image of another
    /// platform than was asked for is the exception: the kernel goes by the bytes of its programs.
    pub on: Platform,
    /// What that means on this engine.
    pub manner: Manner,
    /// The same for steps whose results cannot differ: they do the same to the same, whatever
    /// build arguments of BuildKit's own (`TARGETARCH` …) they see and do not use.
    pub likeness: Digest,
}

/// What executes a step's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// The engine's processor, for its own platform or for several platforms at once.
    Native,
    /// The engine's processor, for exactly one platform, which is another.
    Cross,
    /// An emulator: the processor does not know the platform's machine.
    Emulated,
    /// The processor if the kernel lets it, else an emulator: 386 on amd64, 32-bit ARM on arm64.
    Unknown,
}

/// What became of a step. Times are in milliseconds, a start since the build's first step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepEnd {
    /// It was done.
    Done(Span),
    /// Its result was there from an earlier build, and what that took is not known.
    Cached,
    /// It failed.
    Failed {
        /// When.
        span: Span,
        /// The exit status of its program, if one ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<u32>,
    },
    /// It was stopped because another one failed.
    Cancelled,
    /// The build failed before it.
    NotReached,
}

/// A time in a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Milliseconds from the start of the build's first step.
    pub start_ms: u64,
    /// Milliseconds that it worked. Pauses, while it waited for its inputs, are left out.
    pub duration_ms: u64,
}

impl BuildStep {
    /// Whether several platforms depend on it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.platforms.len() > 1
    }

    /// How it executes a program, if it does and somebody says where.
    #[must_use]
    pub fn execution(&self) -> Option<&Execution> {
        match &self.work {
            Work::Execution(execution) => Some(execution),
            Work::Source | Work::Files | Work::Unplaced => None,
        }
    }

    /// When it worked in this build; `None` where it did not, or not to its end.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match &self.end {
            StepEnd::Done(span) | StepEnd::Failed { span, .. } => Some(*span),
            StepEnd::Cached | StepEnd::Cancelled | StepEnd::NotReached => None,
        }
    }
}

/// A time for people, in seconds.
#[must_use]
pub fn seconds(millis: u64) -> String {
    let tenths = millis.saturating_add(50) / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

impl BuildTrace {
    /// The steps that an emulator executed, in this build or, where they were cached, in an earlier.
    pub fn emulated(&self) -> impl Iterator<Item = (&BuildStep, &Execution)> {
        let executions = self.steps.iter().filter_map(|it| Some((it, it.execution()?)));
        executions.filter(|(_, execution)| execution.manner == Manner::Emulated)
    }
}

impl Manner {
    /// What it means for an engine to execute something on a platform for others.
    #[must_use]
    pub fn of(engine: Platform, on: Platform, platforms: &[Platform]) -> Self {
        if engine.elf_target() == on.elf_target() {
            match platforms {
                [only] if *only != on => Self::Cross,
                _ => Self::Native,
            }
        } else if engine.facts().may_execute_also(on.elf_target()) {
            Self::Unknown
        } else {
            Self::Emulated
        }
    }
}

/// What BuildKit's own checks came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuilderChecks {
    /// They were made, and this is what they warn of, by line.
    Made(Vec<BuilderCheck>),
    /// They were not, and why.
    NotMade(String),
}

/// A warning of BuildKit's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BuilderCheck {
    /// The line of the Dockerfile, from 1; 0 where it is about none.
    pub line: u32,
    /// The name of the check: `StageNameCasing`.
    pub check: String,
    /// What it says.
    pub message: String,
    /// Where the check is described; empty if nowhere.
    pub url: String,
}

impl Default for BuilderChecks {
    fn default() -> Self {
        Self::NotMade("BuildKit was not asked".to_owned())
    }
}

/// What is known where there is no image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unbuilt {
    /// The platforms that were asked for.
    pub requested: Vec<Platform>,
    /// What was done before it failed.
    pub trace: BuildTrace,
    /// Why it failed.
    pub failure: BuildFailure,
}

/// Why a build failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildFailure {
    /// What failed, and how.
    pub part: FailedPart,
    /// The lines of the Dockerfile; absent where BuildKit names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Lines>,
    /// These lines.
    pub source: Vec<String>,
    /// The end of the step's log, printable; empty where no step failed.
    pub log: Vec<String>,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailedPart {
    /// A step.
    Step {
        /// As BuildKit names it.
        instruction: String,
        /// The platforms that it is for, as its name claims; empty where it claims none.
        platforms: Vec<Platform>,
        /// How.
        fault: StepFault,
    },
    /// The Dockerfile makes no sense.
    Dockerfile {
        /// BuildKit's words.
        message: String,
    },
    /// A base image lacks platforms.
    BasePlatformMissing {
        /// The image.
        base: String,
        /// What it lacks.
        platforms: Vec<Platform>,
    },
    /// There is no such base image.
    BaseUnknown {
        /// The image.
        base: String,
        /// The registry's words.
        message: String,
    },
}

/// How a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepFault {
    /// Its program ended with this status.
    Exited(u32),
    /// No program ended; BuildKit's words.
    Other(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manner_is_told_by_engine_platform_and_purpose() {
        let parse = |it: &str| it.parse::<Platform>().expect("a platform");
        for (engine, on, platforms, manner) in [
            ("linux/amd64", "linux/amd64", &["linux/amd64"][..], Manner::Native),
            ("linux/amd64", "linux/amd64", &["linux/arm64"], Manner::Cross),
            ("linux/amd64", "linux/amd64", &["linux/386"], Manner::Cross),
            ("linux/amd64", "linux/amd64", &["linux/arm64", "linux/arm/v7"], Manner::Native),
            ("linux/amd64", "linux/amd64/v3", &["linux/amd64/v3"], Manner::Native),
            ("linux/amd64", "linux/arm64", &["linux/arm64"], Manner::Emulated),
            ("linux/amd64", "linux/arm64", &["linux/amd64", "linux/arm64"], Manner::Emulated),
            ("linux/amd64", "linux/386", &["linux/386"], Manner::Unknown),
            ("linux/arm64", "linux/arm/v7", &["linux/arm/v7"], Manner::Unknown),
            ("linux/arm64", "linux/amd64", &["linux/amd64"], Manner::Emulated),
        ] {
            let platforms: Vec<Platform> = platforms.iter().map(|it| parse(it)).collect();
            assert_eq!(Manner::of(parse(engine), parse(on), &platforms), manner, "{engine} {on}");
        }
    }
}
