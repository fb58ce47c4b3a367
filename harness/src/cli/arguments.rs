//! What the user may write.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use archproof::build::CachePolicy;
use archproof::facts_cache::FactsCache;
use archproof::lint::LintOptions;
use archproof::observe::{Options, PlatformChoice, RunnerChoice};
use archproof::platform::{Platform, PlatformError};
use archproof::processor::{CpuModel, ModelError, Processors};
use archproof::rules::Rule;
use archproof::run::SandboxRunner;
use archproof::verdict::Strictness;
use clap::{Args, Parser, Subcommand, ValueEnum};
use thiserror::Error;

/// Proves that a multi-architecture container image is what its manifest promises.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit status: 0 if every variant passed, 1 if there are findings, 2 if it could not be verified."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the image if necessary, inspect every executable file, run every variant, and judge.
    Verify(VerifyArguments),
    /// Show an image's platforms and executable files, without running or judging anything.
    Inspect(InspectArguments),
    /// Check Dockerfiles without building them; needs no engine.
    Lint(LintArguments),
    /// Show what changed from one image to another, platform by platform.
    Diff(DiffArguments),
    /// Try what this machine can build, run and isolate.
    Doctor(DoctorArguments),
    /// Show the page of a rule, or the list of rules.
    Explain(ExplainArguments),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) subjects: SubjectArguments,
    #[command(flatten)]
    pub(crate) observed: ObservedArguments,
    #[command(flatten)]
    pub(crate) judged: JudgedArguments,
    /// Compare what the images are with this file, which is reviewed and committed, and fail if they
    /// differ. If there is none, it is written; under `CI` that is an error.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the baseline anew; never under `CI`.
    #[arg(long, requires = "baseline")]
    pub(crate) update_baseline: bool,
    #[command(flatten)]
    pub(crate) reports: ReportArguments,
}

/// What is written beside the report on standard output.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Further report: `text` and `json` are what --output prints; `junit`, `sarif`, `gitlab` (code
    /// quality), `github` (annotations) and `markdown` are for other programs. Of `verify` alone:
    /// `attest=FOLDER` writes unsigned in-toto statements, one a digest, and `evidence` keeps what was
    /// observed, to be judged again. `-` is standard output.
    #[arg(long = "report", value_name = "KIND=FILE")]
    pub(crate) list: Vec<ReportArgument>,
}

/// How variants are run and judged.
#[derive(Debug, Args)]
pub(crate) struct JudgedArguments {
    /// What runs the variants.
    #[arg(long, value_enum, default_value_t = Runner::Auto)]
    pub(crate) runner: Runner,
    /// Processor to run a platform's variant on, by QEMU's name [default: the oldest one that the
    /// platform promises].
    #[arg(long, value_name = "PLATFORM=MODEL")]
    cpu: Vec<Processor>,
    /// Count warnings as errors.
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 if nothing got worse, 1 if there is an error (a platform is gone, a step moved into emulation, a size limit is exceeded, or a rule finds a new error; with --strict, a warning too), 2 if the images could not be compared."
)]
pub(crate) struct DiffArguments {
    /// The old and the new image, as `verify` takes them; with --base, the folder, Dockerfile or case
    /// file in a git repository [default with --base: the working directory].
    #[arg(value_name = "OLD NEW", required_unless_present = "base", num_args = 0..=2)]
    pub(crate) subjects: Vec<String>,
    /// Compare the working tree with this git revision, as in `--base origin/main`.
    #[arg(long, value_name = "REVISION")]
    pub(crate) base: Option<String>,
    /// End with exit status 0 even if something got worse.
    #[arg(long)]
    pub(crate) exit_zero: bool,
    #[command(flatten)]
    pub(crate) observed: ObservedArguments,
    #[command(flatten)]
    pub(crate) judged: JudgedArguments,
    #[command(flatten)]
    pub(crate) reports: ReportArguments,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    #[command(flatten)]
    pub(crate) subjects: SubjectArguments,
    #[command(flatten)]
    pub(crate) observed: ObservedArguments,
}

#[derive(Debug, Args)]
pub(crate) struct LintArguments {
    /// Dockerfiles, or folders or case files with one.
    #[arg(required = true, value_name = "DOCKERFILE")]
    pub(crate) dockerfiles: Vec<String>,
    /// Platforms that the Dockerfile is built for; `all` stands for the eight usual ones [default: the
    /// case file's, or linux/amd64 and linux/arm64].
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    platform: Vec<PlatformArgument>,
    /// Stage to build [default: the case file's, or the last one].
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Value of an ARG of the Dockerfile.
    #[arg(long, value_name = "NAME=VALUE")]
    build_arg: Vec<Assignment>,
    /// Count warnings as errors.
    #[arg(long)]
    strict: bool,
    /// Format of the report on standard output.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) reports: ReportArguments,
}

/// What there is to look at.
#[derive(Debug, Args)]
pub(crate) struct SubjectArguments {
    /// Folders with a case.toml, archproof.toml or Dockerfile, or such files themselves; images as
    /// oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:REF], docker:REF, registry:REF or
    /// plain REF; rootfs:DIR with --platform; evidence:FILE, as --report evidence=FILE writes it.
    #[arg(required = true, value_name = "SUBJECT")]
    pub(crate) subjects: Vec<String>,
}

/// How it is looked at.
#[derive(Debug, Args)]
pub(crate) struct ObservedArguments {
    /// Platforms to verify; `all` stands for every platform of the image, or the eight usual ones if it
    /// is built [default: the case file's, or every platform of the image].
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    platform: Vec<PlatformArgument>,
    /// Stage to build [default: the case file's, or the last one].
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Value of an ARG of the Dockerfile.
    #[arg(long, value_name = "NAME=VALUE")]
    build_arg: Vec<Assignment>,
    /// Named build context: a folder, or `docker-image://REF`.
    #[arg(long, value_name = "NAME=SOURCE")]
    build_context: Vec<Assignment>,
    /// Rebuild everything, and read every layer again.
    #[arg(long)]
    no_cache: bool,
    /// Format of the report on standard output.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Format of the report on standard output.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

/// What runs the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Runner {
    /// Sandboxes; the engine that built the image, where those cannot run it.
    Auto,
    /// Containers in the engine.
    Engine,
    /// archproof's own sandboxes; they need neither an engine nor root.
    Sandbox,
    /// Nothing is run: the image is judged by its contents.
    None,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The rule's name.
    pub(crate) rule: Option<Rule>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: docs/report.schema.json, of `inspect` docs/facts.schema.json, of `diff`
    /// docs/diff.schema.json.
    Json,
}

/// One word of `--platform`.
#[derive(Clone, Copy, Debug)]
enum PlatformArgument {
    All,
    One(Platform),
}

impl FromStr for PlatformArgument {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

/// `NAME=VALUE`.
#[derive(Clone, Debug)]
struct Assignment {
    name: String,
    value: String,
}

#[derive(Debug)]
struct AssignmentError;

impl fmt::Display for AssignmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected NAME=VALUE")
    }
}

impl std::error::Error for AssignmentError {}

impl FromStr for Assignment {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, AssignmentError> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err(AssignmentError),
        }
    }
}

/// `KIND=FILE`.
#[derive(Clone, Debug)]
pub(crate) struct ReportArgument {
    pub(crate) kind: ReportKind,
    pub(crate) to: ReportTarget,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportKind {
    Text,
    Json,
    Junit,
    Sarif,
    Gitlab,
    Github,
    Markdown,
    Attest,
    Evidence,
}

/// Where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReportTarget {
    StandardOutput,
    File(PathBuf),
}

impl fmt::Display for ReportTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardOutput => f.write_str("to standard output"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

#[derive(Debug, Error)]
pub(crate) enum ReportArgumentError {
    #[error("expected KIND=FILE, such as evidence=image.evidence")]
    Shape,
    #[error("there is no report `{0}`: expected one of {kinds}", kinds = kinds())]
    Kind(String),
}

/// The names of the kinds of reports.
fn kinds() -> String {
    let values = ReportKind::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    values.map(|it| it.get_name().to_owned()).collect::<Vec<_>>().join(", ")
}

impl FromStr for ReportArgument {
    type Err = ReportArgumentError;

    fn from_str(text: &str) -> Result<Self, ReportArgumentError> {
        let (kind, file) = text.split_once('=').ok_or(ReportArgumentError::Shape)?;
        let kind = ReportKind::from_str(kind, false)
            .map_err(|_| ReportArgumentError::Kind(kind.to_owned()))?;
        let to = match file {
            "" => return Err(ReportArgumentError::Shape),
            "-" => ReportTarget::StandardOutput,
            file => ReportTarget::File(PathBuf::from(file)),
        };
        Ok(Self { kind, to })
    }
}

/// `PLATFORM=MODEL`.
#[derive(Clone, Debug)]
struct Processor(Platform, CpuModel);

#[derive(Debug, Error)]
enum ProcessorError {
    #[error("expected PLATFORM=MODEL")]
    Shape,
    #[error(transparent)]
    Platform(#[from] PlatformError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl FromStr for Processor {
    type Err = ProcessorError;

    fn from_str(text: &str) -> Result<Self, ProcessorError> {
        let (platform, model) = text.split_once('=').ok_or(ProcessorError::Shape)?;
        Ok(Self(platform.parse()?, model.parse()?))
    }
}

impl JudgedArguments {
    /// What variants are run on, as far as it was said.
    pub(crate) fn processors(&self) -> Processors {
        Processors::named(self.cpu.iter().map(|it| (it.0, it.1.clone())).collect())
    }

    /// Which severities fail.
    pub(crate) const fn strictness(&self) -> Strictness {
        strictness(self.strict)
    }
}

impl LintArguments {
    /// What the arguments ask for.
    pub(crate) fn options(&self, default_platforms: Vec<Platform>) -> LintOptions {
        LintOptions {
            platforms: match platforms(&self.platform) {
                PlatformChoice::Unset => Vec::new(),
                PlatformChoice::All => Platform::ALL.to_vec(),
                PlatformChoice::These(platforms) => platforms,
            },
            default_platforms,
            target: self.target.clone(),
            args: pairs(&self.build_arg),
            strictness: strictness(self.strict),
        }
    }
}

const fn strictness(is_strict: bool) -> Strictness {
    if is_strict { Strictness::Strict } else { Strictness::Normal }
}

impl From<Runner> for RunnerChoice {
    fn from(runner: Runner) -> Self {
        match runner {
            Runner::Auto => Self::Auto,
            Runner::Engine => Self::Engine,
            Runner::Sandbox => Self::Sandbox,
            Runner::None => Self::None,
        }
    }
}

impl ObservedArguments {
    /// What the arguments ask for.
    pub(crate) fn options(
        &self,
        default_platforms: Vec<Platform>,
        runner: RunnerChoice,
    ) -> Options {
        Options {
            platforms: platforms(&self.platform),
            default_platforms,
            target: self.target.clone(),
            args: pairs(&self.build_arg),
            contexts: pairs(&self.build_context),
            cache: if self.no_cache { CachePolicy::Ignore } else { CachePolicy::Use },
            facts: if self.no_cache { FactsCache::Off } else { FactsCache::of_user() },
            runner,
            sandbox: SandboxRunner::of_user(),
            ..Options::default()
        }
    }
}

/// The platforms that were named.
fn platforms(arguments: &[PlatformArgument]) -> PlatformChoice {
    let mut named = Vec::new();
    for argument in arguments {
        match argument {
            PlatformArgument::All => return PlatformChoice::All,
            PlatformArgument::One(platform) => named.push(*platform),
        }
    }
    if named.is_empty() { PlatformChoice::Unset } else { PlatformChoice::These(named) }
}

fn pairs(assignments: &[Assignment]) -> BTreeMap<String, String> {
    assignments.iter().map(|it| (it.name.clone(), it.value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
