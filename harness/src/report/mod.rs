//! Shows what was found: all wording and colours, away from the types.

mod facts;
mod json;
mod progress;
mod steps;
mod text;

pub(crate) use facts::describe_content;
pub use facts::{FactsReport, write_facts_json, write_facts_text};
pub use json::write_json;
pub use progress::{Screen, report_progress};
pub use text::write_text;

use crate::engine::EngineError;
use crate::error_chain::error_chain;
use crate::verdict::{DockerfileJudgement, Judgement, Verdict};

/// What became of one subject.
#[derive(Clone, Debug)]
pub struct SubjectReport {
    /// As the user wrote it.
    pub subject: String,
    /// What it is, in a sentence; empty where nobody said.
    pub summary: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a subject.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was verified.
    Judged(Judgement),
    /// Its Dockerfile alone was read.
    Linted(DockerfileJudgement),
    /// It could not be.
    Blocked(Blocked),
}

/// Why a subject could not be verified.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// Where on the way.
    pub stage: Stage,
    /// The error and its causes, the outermost first.
    pub chain: Vec<String>,
    /// Whether trying again makes sense.
    pub retry: Retry,
}

/// A part of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Reading the Dockerfile.
    Dockerfile,
    /// Reaching the engine.
    Engine,
    /// Building the image.
    Build,
    /// Reading the image.
    Inspect,
    /// Running its variants.
    Run,
}

/// Whether trying again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Retry {
    /// The same would happen.
    Useless,
    /// It may be better next time.
    Sensible,
}

/// An error with its causes in one line, and what to do where the machine lacks something.
#[must_use]
pub fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    error_chain(error).join(": ")
}

impl Blocked {
    /// Keeps an error with its causes.
    #[must_use]
    pub fn new(stage: Stage, error: &(dyn std::error::Error + 'static), retry: Retry) -> Self {
        Self { stage, chain: error_chain(error), retry }
    }

    /// There is no engine, or none that will do.
    #[must_use]
    pub fn by_engine(error: &EngineError) -> Self {
        let retry = if error.is_retryable() { Retry::Sensible } else { Retry::Useless };
        Self::new(Stage::Engine, error, retry)
    }
}

impl SubjectReport {
    /// What it came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome::Judged(judgement) => judgement.verdict,
            Outcome::Linted(judgement) => judgement.verdict,
            Outcome::Blocked(_) => Verdict::Blocked,
        }
    }
}

/// What all subjects came to; nothing is never a pass.
#[must_use]
pub fn overall(reports: &[SubjectReport]) -> Verdict {
    reports.iter().map(SubjectReport::verdict).max().unwrap_or(Verdict::Blocked)
}
