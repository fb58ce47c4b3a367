//! The files of a git repository as they were at another revision.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use thiserror::Error;

use crate::temporary::TemporaryFolder;
use crate::text::line;

/// All files of a revision, in a folder that is removed when this is dropped. Submodules are empty.
#[derive(Debug)]
pub struct CheckedOut {
    folder: TemporaryFolder,
    path: PathBuf,
    revision: String,
}

/// Why a revision cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// git cannot be started.
    #[error("cannot run git, which --base needs")]
    Git(#[source] io::Error),
    /// There is no repository.
    #[error("`{}` is not in a git repository", .0.display())]
    NoRepository(PathBuf),
    /// There is no such revision.
    #[error("there is no revision `{revision}` in the repository of `{}`", .path.display())]
    Unknown {
        /// As the user wrote it.
        revision: String,
        /// What was to be found in it.
        path: PathBuf,
    },
    /// The revision does not have it.
    #[error("`{}` does not exist at revision `{revision}`", .path.display())]
    Missing {
        /// As the user wrote it.
        revision: String,
        /// What was to be found in it.
        path: PathBuf,
    },
    /// The files cannot be written.
    #[error("cannot check out revision `{revision}`: {message}")]
    CheckOut {
        /// As the user wrote it.
        revision: String,
        /// git's words.
        message: String,
    },
    /// There is no place for them.
    #[error("cannot make a temporary folder")]
    Folder(#[source] io::Error),
}

impl CheckedOut {
    /// Checks out what the repository that has `path` held at a revision. Nothing of the repository
    /// changes: neither its index nor its list of working trees.
    ///
    /// # Errors
    ///
    /// When there is no such repository or revision, or the revision does not have the path.
    pub fn new(path: &Path, revision: &str) -> Result<Self, RevisionError> {
        let real = path.canonicalize().map_err(|_| RevisionError::NoRepository(path.to_owned()))?;
        let within = if real.is_dir() { real.as_path() } else { real.parent().unwrap_or(&real) };
        let top = git(within, &[], ["rev-parse", "--show-toplevel"])?;
        let top = told(&top).ok_or_else(|| RevisionError::NoRepository(path.to_owned()))?;
        let top = Path::new(&top).to_owned();
        let relative = real.strip_prefix(&top).unwrap_or(Path::new("")).to_owned();
        let name = format!("{revision}^{{commit}}");
        let commit =
            git(&top, &[], ["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?;
        let commit = told(&commit).ok_or_else(|| RevisionError::Unknown {
            revision: revision.to_owned(),
            path: path.to_owned(),
        })?;
        let folder = TemporaryFolder::new().map_err(RevisionError::Folder)?;
        let checked_out = Self { path: relative, folder, revision: revision.to_owned() };
        checked_out.write(&top, &commit)?;
        if !checked_out.path().exists() {
            let (revision, path) = (revision.to_owned(), path.to_owned());
            return Err(RevisionError::Missing { revision, path });
        }
        Ok(checked_out)
    }

    /// Writes the files by an index of its own.
    fn write(&self, top: &Path, commit: &str) -> Result<(), RevisionError> {
        let index = self.folder.path().join("index");
        let environment = [(OsStr::new("GIT_INDEX_FILE"), index.as_os_str())];
        let prefix = format!("--prefix={}/", self.root().display());
        for arguments in [
            ["read-tree", "--empty", ""],
            ["read-tree", commit, ""],
            ["checkout-index", "--all", &prefix],
        ] {
            let arguments = arguments.iter().copied().filter(|it| !it.is_empty());
            let done = git(top, &environment, arguments)?;
            if !done.status.success() {
                let message = line(&String::from_utf8_lossy(&done.stderr));
                return Err(RevisionError::CheckOut { revision: self.revision.clone(), message });
            }
        }
        Ok(())
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// What the path was at that revision.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.root().join(&self.path)
    }

    /// A text in which paths of the temporary folder are named as git names them: `HEAD~1:Dockerfile`.
    #[must_use]
    pub fn rename(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.root().display()), &format!("{}:", self.revision))
    }
}

/// What git printed, without the end of the line; nothing where it failed.
fn told(output: &Output) -> Option<String> {
    let text = String::from_utf8(output.stdout.clone()).ok()?;
    output.status.success().then(|| text.trim_end_matches('\n').to_owned())
}

fn git<'a>(
    folder: &Path,
    environment: &[(&OsStr, &OsStr)],
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Output, RevisionError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).envs(environment.iter().copied());
    command.output().map_err(RevisionError::Git)
}
