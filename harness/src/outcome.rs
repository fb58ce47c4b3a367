//! What became of a subject.

use crate::blocked::Blocked;
use crate::diff::{Diff, DiffError, Which};
use crate::evidence::build::BuildTrace;
use crate::verdict::{DockerfileJudgement, Judgement, Strictness, Verdict};

/// What became of one subject.
#[derive(Clone, Debug)]
pub struct SubjectReport {
    /// As the user wrote it.
    pub subject: String,
    /// What it is, in a sentence; empty where nothing says so.
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

/// What became of all subjects.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Each subject, in the order in which they were named.
    pub subjects: Vec<SubjectReport>,
    /// The comparison with a baseline, where one was asked for.
    pub baseline: Option<BaselineReport>,
    /// Which severities fail.
    pub strictness: Strictness,
}

impl Verification {
    /// What it came to; nothing is never a pass.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let subjects = self.subjects.iter().map(SubjectReport::verdict);
        let subjects = subjects.max().unwrap_or(Verdict::Blocked);
        self.baseline.as_ref().map_or(subjects, |it| it.verdict().max(subjects))
    }
}

/// What became of a comparison with a baseline.
#[derive(Clone, Debug)]
pub struct BaselineReport {
    /// The file.
    pub file: String,
    /// What came of it.
    pub outcome: BaselineOutcome,
}

/// What came of a comparison with a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineOutcome {
    /// Nothing differs.
    Same,
    /// These lines differ, marked by `-`, `+` and blanks.
    Differs(Vec<String>),
    /// It was written.
    Written,
    /// Of some platform it is not known what it is.
    Unknown,
}

impl BaselineReport {
    /// What it came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.outcome {
            BaselineOutcome::Same | BaselineOutcome::Written => Verdict::Pass,
            BaselineOutcome::Differs(_) => Verdict::Fail,
            BaselineOutcome::Unknown => Verdict::Blocked,
        }
    }
}

/// What became of a comparison of two images.
#[derive(Debug)]
pub struct DiffReport {
    /// The old image, as the user wrote it.
    pub old: String,
    /// The new image, as the user wrote it.
    pub new: String,
    /// Which severities fail.
    pub strictness: Strictness,
    /// What came of it.
    pub outcome: DiffOutcome,
}

/// What came of a comparison.
#[derive(Debug)]
pub enum DiffOutcome {
    /// They were compared.
    Compared {
        /// What changed.
        diff: Box<Diff>,
        /// How the new one was built; absent where it was found.
        trace: Option<Box<BuildTrace>>,
    },
    /// One of them could not be verified.
    Blocked(Which, Blocked),
    /// They cannot be compared.
    Incomparable(DiffError),
}

impl DiffReport {
    /// What it came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.outcome {
            DiffOutcome::Compared { diff, .. } => diff.verdict(self.strictness),
            DiffOutcome::Blocked(..) | DiffOutcome::Incomparable(_) => Verdict::Blocked,
        }
    }
}
