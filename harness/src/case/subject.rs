//! What the user names on the command line.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::error::CaseError;
use super::file::Case;

/// Something to verify, as the user wrote it, with what was found there.
#[derive(Clone, Debug)]
pub struct Subject {
    name: String,
    case: Case,
}

/// Why a name is no subject.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// Nothing is there.
    #[error("`{}` does not exist: name a folder with a Dockerfile, or a Dockerfile", .0.display())]
    Missing(PathBuf),
    /// A folder without anything to build.
    #[error("`{}` has no case.toml, archproof.toml or Dockerfile", .0.display())]
    Empty(PathBuf),
    /// A kind of subject that cannot be read yet.
    #[error(
        "`{0}` subjects cannot be verified yet: name a folder with a Dockerfile, or a Dockerfile"
    )]
    Scheme(&'static str),
    /// The case file is wrong.
    #[error(transparent)]
    Case(#[from] CaseError),
}

const SCHEMES: [&str; 6] =
    ["docker:", "oci:", "oci-archive:", "docker-archive:", "registry:", "rootfs:"];

impl Subject {
    /// Finds the case that a folder or file stands for.
    ///
    /// # Errors
    ///
    /// When there is nothing to build, or the case file is wrong.
    pub fn find(name: &str) -> Result<Self, SubjectError> {
        if let Some(scheme) = SCHEMES.iter().find(|it| name.starts_with(**it)) {
            return Err(SubjectError::Scheme(scheme));
        }
        let case = find_case(Path::new(name))?;
        Ok(Self { name: name.to_owned(), case })
    }

    /// As the user wrote it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is to be done.
    #[must_use]
    pub fn case(&self) -> &Case {
        &self.case
    }
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
