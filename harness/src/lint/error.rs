//! Why a Dockerfile could not be judged.

use std::path::PathBuf;

use thiserror::Error;

use crate::dockerfile::DockerfileError;

/// Why a Dockerfile could not be judged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LintError {
    /// It cannot be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// It is none.
    #[error("cannot parse {}", .0.display())]
    Syntax(PathBuf, #[source] DockerfileError),
    /// It has not the stage that is asked for.
    #[error("{} has no stage `{target}`; {}", .dockerfile.display(), named(.stages))]
    Target {
        /// It.
        dockerfile: PathBuf,
        /// The name or number.
        target: String,
        /// The names of the stages that there are.
        stages: Vec<String>,
    },
}

fn named(stages: &[String]) -> String {
    if stages.is_empty() {
        return "its stages have no names".to_owned();
    }
    let names: Vec<String> = stages.iter().map(|it| format!("`{it}`")).collect();
    format!("there is {}", names.join(", "))
}
