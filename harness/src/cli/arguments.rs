//! What the user may write.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use archproof::build::CachePolicy;
use archproof::check::Rule;
use archproof::inspect::FactsCache;
use archproof::platform::{Platform, PlatformError};
use archproof::verdict::Strictness;
use archproof::verify::Options;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Proves that a multi-architecture container image is what its manifest promises.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit status: 0 every variant passed, 1 findings, 2 it could not be verified."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build for every platform, inspect every executable file, run every variant, judge.
    Verify(VerifyArguments),
    /// Show a rule's page, or the list of rules.
    Explain(ExplainArguments),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Folders with a case.toml, archproof.toml or Dockerfile, or such files themselves.
    #[arg(required = true, value_name = "SUBJECT")]
    pub(crate) subjects: Vec<String>,
    /// The platforms to verify, instead of the case's; `all` are the eight usual ones.
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    platform: Vec<PlatformArgument>,
    /// The stage to build, instead of the case's.
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// A value for an ARG of the Dockerfile.
    #[arg(long, value_name = "NAME=VALUE")]
    build_arg: Vec<Assignment>,
    /// A named context of the build: a folder, or `docker-image://REF`.
    #[arg(long, value_name = "NAME=SOURCE")]
    build_context: Vec<Assignment>,
    /// Build everything anew, and read every layer anew.
    #[arg(long)]
    no_cache: bool,
    /// Count warnings as errors.
    #[arg(long)]
    strict: bool,
    /// How the report is written to standard output.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
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
    /// For programs: docs/report.schema.json.
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

impl VerifyArguments {
    /// What the arguments ask for.
    pub(crate) fn options(&self, default_platforms: Vec<Platform>) -> Options {
        Options {
            platforms: self.platforms(),
            default_platforms,
            target: self.target.clone(),
            args: pairs(&self.build_arg),
            contexts: pairs(&self.build_context),
            cache: if self.no_cache { CachePolicy::Ignore } else { CachePolicy::Use },
            facts: if self.no_cache { FactsCache::Off } else { FactsCache::of_user() },
            strictness: if self.strict { Strictness::Strict } else { Strictness::Normal },
        }
    }

    fn platforms(&self) -> Vec<Platform> {
        let of = |it: &PlatformArgument| match it {
            PlatformArgument::All => Platform::ALL.to_vec(),
            PlatformArgument::One(platform) => vec![*platform],
        };
        self.platform.iter().flat_map(of).collect()
    }
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
