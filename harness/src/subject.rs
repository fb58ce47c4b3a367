//! What the user names on the command line.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::case::{Case, CaseError};
use crate::evidence::{Observation, SavedEvidence, SavedEvidenceError, SavedSubject};
use crate::source::{Source, SourceName, SourceNameError};

/// Something to verify, as the user wrote it, with what was found there.
#[derive(Clone, Debug)]
pub struct Subject {
    name: String,
    kind: SubjectKind,
    case: Case,
}

/// Where a subject's image comes from.
#[derive(Clone, Debug)]
pub enum SubjectKind {
    /// It is built, as its case says.
    Build,
    /// It is there already.
    Image(Source),
    /// It was observed before.
    Evidence(Arc<Observation>),
}

/// What a subject wants of an engine. Ordered by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EngineNeed {
    /// Nothing.
    None,
    /// It may have the image.
    Welcome,
    /// It builds the image or has it.
    Required,
}

/// Why a name is no subject.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// Nothing is there.
    #[error(
        "`{}` does not exist: name a folder with a Dockerfile, a Dockerfile, or an image", .0.display()
    )]
    Missing(PathBuf),
    /// Nothing is there, and an image would not do.
    #[error("`{}` does not exist: name a Dockerfile, or a folder with one", .0.display())]
    NoDockerfile(PathBuf),
    /// A folder without anything to build.
    #[error("`{}` has no case.toml, archproof.toml or Dockerfile", .0.display())]
    Empty(PathBuf),
    /// It names an image wrongly.
    #[error(transparent)]
    Source(#[from] SourceNameError),
    /// The case file is wrong.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// Saved evidence cannot be used.
    #[error("cannot use the evidence in {}", .0.display())]
    Evidence(PathBuf, #[source] SavedEvidenceError),
    /// A file has the evidence of several subjects, or none, where one is wanted.
    #[error("{} has the evidence of {} subjects, where one is expected", .0.display(), .1)]
    NotOne(PathBuf, usize),
}

impl Subject {
    /// Finds what a name stands for: an image or evidence where it has a scheme, else the folder or
    /// file of that name, else an image again.
    ///
    /// # Errors
    ///
    /// When it is neither, when there is nothing to build, or when the case file is wrong.
    pub fn find(name: &str) -> Result<Self, SubjectError> {
        let mut all = Self::find_all(name)?;
        match all.pop() {
            Some(only) if all.is_empty() => Ok(only),
            last => {
                let count = all.len() + usize::from(last.is_some());
                let file = name.strip_prefix(EVIDENCE).unwrap_or(name);
                Err(SubjectError::NotOne(PathBuf::from(file), count))
            }
        }
    }

    fn find_one(name: &str) -> Result<Self, SubjectError> {
        let path = Path::new(name);
        let is_image = SourceName::has_scheme(name) || !(path.exists() || looks_like_path(name));
        let (kind, case) = if is_image {
            let source: SourceName = name.parse()?;
            (SubjectKind::Image(source.source().clone()), Case::default())
        } else {
            (SubjectKind::Build, find_case(path)?)
        };
        Ok(Self { name: name.to_owned(), kind, case })
    }

    /// Finds all that a name stands for: saved evidence may be of several subjects.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    pub fn find_all(name: &str) -> Result<Vec<Self>, SubjectError> {
        match name.strip_prefix(EVIDENCE) {
            Some(file) => saved(Path::new(file)),
            None => Ok(vec![Self::find_one(name)?]),
        }
    }

    /// Finds the Dockerfile, case file or folder of a name, where no image is meant.
    ///
    /// # Errors
    ///
    /// When there is none, or when the case file is wrong.
    pub fn find_dockerfile(name: &str) -> Result<Self, SubjectError> {
        let path = Path::new(name);
        if !path.exists() {
            return Err(SubjectError::NoDockerfile(path.to_owned()));
        }
        Ok(Self { name: name.to_owned(), kind: SubjectKind::Build, case: find_case(path)? })
    }

    /// With another name than that by which it was found.
    #[must_use]
    pub fn renamed(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// As the user wrote it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its image comes from.
    #[must_use]
    pub fn kind(&self) -> &SubjectKind {
        &self.kind
    }

    /// What is to be done.
    #[must_use]
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// What is to be done, to be changed.
    pub fn case_mut(&mut self) -> &mut Case {
        &mut self.case
    }

    /// What it wants of an engine before anything is run.
    #[must_use]
    pub fn engine_need(&self) -> EngineNeed {
        match &self.kind {
            SubjectKind::Build | SubjectKind::Image(Source::Engine(_)) => EngineNeed::Required,
            SubjectKind::Image(Source::Anywhere(_)) => EngineNeed::Welcome,
            SubjectKind::Image(_) | SubjectKind::Evidence(_) => EngineNeed::None,
        }
    }
}

/// How the names of saved evidence begin.
const EVIDENCE: &str = "evidence:";

/// The subjects of a file of evidence, by the names and with the cases that they had.
fn saved(file: &Path) -> Result<Vec<Subject>, SubjectError> {
    let unusable = |error| SubjectError::Evidence(file.to_owned(), error);
    let opened = File::open(file).map_err(|it| unusable(SavedEvidenceError::Read(it)))?;
    let saved = SavedEvidence::read(BufReader::new(opened)).map_err(unusable)?;
    let subject = |it: SavedSubject| {
        let case = Case::of_text(file, &it.case)?;
        let kind = SubjectKind::Evidence(Arc::new(it.observation));
        Ok(Subject { name: it.subject, kind, case })
    };
    saved.subjects.into_iter().map(subject).collect()
}

/// How the files of cases end.
const CASE_SUFFIX: &str = ".toml";

/// Names of images neither begin nor end so.
fn looks_like_path(name: &str) -> bool {
    name.starts_with(['/', '.', '~']) || name.ends_with(['/', '.']) || name.ends_with(CASE_SUFFIX)
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

fn find_case(path: &Path) -> Result<Case, SubjectError> {
    if path.is_dir() {
        for name in ["case.toml", "archproof.toml"] {
            let file = path.join(name);
            if file.exists() {
                return Ok(Case::read(&file)?);
            }
        }
        let dockerfile = path.join("Dockerfile");
        return if dockerfile.is_file() {
            Ok(Case::of_dockerfile(&dockerfile))
        } else {
            Err(SubjectError::Empty(path.to_owned()))
        };
    }
    if !path.exists() {
        return Err(SubjectError::Missing(path.to_owned()));
    }
    if path.extension().is_some_and(|it| it == "toml") {
        return Ok(Case::read(path)?);
    }
    Ok(Case::of_dockerfile(path))
}
