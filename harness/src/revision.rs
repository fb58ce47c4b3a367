//! The files of a git repository: as they were at another revision, and as they are now.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use thiserror::Error;

use crate::temporary::TemporaryFolder;
use crate::text::line;

/// The variables by which git, a hook above all, leads its children to a repository.
///
/// Source: `git rev-parse --local-env-vars` (git 2.47).
const LOCAL_VARIABLES: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A file or folder of a repository.
#[derive(Debug)]
pub struct Repository {
    /// As the user wrote it.
    path: PathBuf,
    /// The root of the working tree.
    top: PathBuf,
    /// From there to the file or folder.
    relative: PathBuf,
}

/// What a path of a repository was or is, in a folder that is removed when this is dropped. Both are
/// written by git alone, so that they differ in nothing but what changed: neither has files that git
/// ignores, nor what is in submodules.
#[derive(Debug)]
pub struct CheckedOut {
    folder: TemporaryFolder,
    relative: PathBuf,
    /// What the root is called.
    name: String,
}

/// Why a revision cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// git cannot be started.
    #[error("cannot run git, which --base needs")]
    Git(#[source] io::Error),
    /// There is no repository, or none that git uses.
    #[error("`{}` is not in a git repository: {message}", .path.display())]
    NoRepository {
        /// As the user wrote it.
        path: PathBuf,
        /// git's words.
        message: String,
    },
    /// There is no such revision.
    #[error("there is no revision `{revision}` in the repository of `{}`{hint}", .path.display())]
    Unknown {
        /// As the user wrote it.
        revision: String,
        /// What was to be found in it.
        path: PathBuf,
        /// What may be the reason.
        hint: &'static str,
    },
    /// The revision does not have it.
    #[error("`{}` does not exist at revision `{revision}`", .path.display())]
    Missing {
        /// As the user wrote it.
        revision: String,
        /// What was to be found in it.
        path: PathBuf,
    },
    /// It is no part of the repository.
    #[error("`{}` is outside the git repository, so it has no revisions", .0.display())]
    Outside(PathBuf),
    /// The files cannot be written.
    #[error("cannot check out {name}: {message}")]
    CheckOut {
        /// What is checked out.
        name: String,
        /// git's words.
        message: String,
    },
    /// There is no place for them.
    #[error("cannot make a temporary folder")]
    Folder(#[source] io::Error),
}

impl Repository {
    /// Finds the repository that a path is in.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn find(path: &Path) -> Result<Self, RevisionError> {
        let none = |message: String| RevisionError::NoRepository { path: path.to_owned(), message };
        let real = path.canonicalize().map_err(|error| none(error.to_string()))?;
        let within = if real.is_dir() { real.as_path() } else { real.parent().unwrap_or(&real) };
        let found = git(within, &[], ["rev-parse", "--show-toplevel"])?;
        let top = told(&found).ok_or_else(|| none(words(&found)))?;
        let top = PathBuf::from(top).canonicalize().map_err(|error| none(error.to_string()))?;
        let relative = real.strip_prefix(&top);
        let relative = relative.map_err(|_| RevisionError::Outside(path.to_owned()))?.to_owned();
        Ok(Self { path: path.to_owned(), top, relative })
    }

    /// Whether a further path is a part of it.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn check_holds(&self, path: &Path) -> Result<(), RevisionError> {
        match path.canonicalize() {
            Ok(real) if !real.starts_with(&self.top) => {
                Err(RevisionError::Outside(path.to_owned()))
            }
            // What does not exist is somebody else's to report.
            _ => Ok(()),
        }
    }

    /// Checks out a revision. Nothing of the repository changes: neither its index nor its list of working
    /// trees.
    ///
    /// # Errors
    ///
    /// When there is no such revision, or it does not have the path.
    pub fn at(&self, revision: &str) -> Result<CheckedOut, RevisionError> {
        let commit = self.commit(revision)?;
        let name = format!("{revision}:");
        let checked_out = self.check_out(name, &[], None, &["read-tree", &commit])?;
        if checked_out.path().exists() {
            return Ok(checked_out);
        }
        let (revision, path) = (revision.to_owned(), self.path.clone());
        Err(RevisionError::Missing { revision, path })
    }

    fn commit(&self, revision: &str) -> Result<String, RevisionError> {
        let parse = |name: &str| {
            git(&self.top, &[], ["rev-parse", "--verify", "--quiet", "--end-of-options", name])
        };
        // In two steps: `:/text` and its like take all that follows as text.
        let object = told(&parse(revision)?).and_then(|it| it.into_string().ok());
        let commit = match object {
            Some(object) => told(&parse(&format!("{object}^{{commit}}"))?),
            None => None,
        };
        if let Some(commit) = commit.and_then(|it| it.into_string().ok()) {
            return Ok(commit);
        }
        let shallow = git(&self.top, &[], ["rev-parse", "--is-shallow-repository"])?;
        let is_shallow = told(&shallow).is_some_and(|it| it == "true");
        let hint =
            if is_shallow { ": the clone is shallow, fetch more of its history" } else { "" };
        Err(RevisionError::Unknown { revision: revision.to_owned(), path: self.path.clone(), hint })
    }

    /// Checks out the working tree, as a commit of all that git does not ignore would have it. Nothing is
    /// written to the repository.
    ///
    /// # Errors
    ///
    /// When git cannot read it.
    pub fn now(&self) -> Result<CheckedOut, RevisionError> {
        let path = |name| -> Result<PathBuf, RevisionError> {
            let path = git(&self.top, &[], ["rev-parse", "--git-path", name])?;
            Ok(self.top.join(told(&path).unwrap_or_default()))
        };
        let (index, objects) = (path("index")?, path("objects")?);
        let folder = TemporaryFolder::new().map_err(RevisionError::Folder)?;
        let own = folder.path().join("objects");
        std::fs::create_dir(&own).map_err(RevisionError::Folder)?;
        let environment = [
            ("GIT_OBJECT_DIRECTORY", own.as_os_str()),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects.as_os_str()),
        ];
        let add: &[&str] = &["add", "--all", "--", "."];
        self.check_out(String::new(), &environment, Some(&index), add)
    }

    /// Writes what an index of its own holds after a command. It begins as a copy of another, so that files
    /// which have not changed since are not read again.
    fn check_out(
        &self,
        name: String,
        environment: &[(&str, &OsStr)],
        copied: Option<&Path>,
        command: &[&str],
    ) -> Result<CheckedOut, RevisionError> {
        let folder = TemporaryFolder::new().map_err(RevisionError::Folder)?;
        let index = folder.path().join("index");
        if let Some(copied) = copied.filter(|it| it.exists()) {
            copy_index(copied, &index).map_err(RevisionError::Folder)?;
        }
        let mut environment = environment.to_vec();
        environment.push(("GIT_INDEX_FILE", index.as_os_str()));
        let relative = self.relative.clone();
        let checked_out = CheckedOut { folder, relative, name };
        let mut prefix = OsString::from("--prefix=");
        prefix.push(checked_out.root());
        prefix.push("/");
        let run = |arguments: Vec<&OsStr>| {
            let done = git(&self.top, &environment, arguments)?;
            if done.status.success() {
                return Ok(());
            }
            let name = match checked_out.name.as_str() {
                "" => "the working tree".to_owned(),
                revision => format!("revision `{}`", revision.trim_end_matches(':')),
            };
            Err(RevisionError::CheckOut { name, message: words(&done) })
        };
        run(command.iter().map(OsStr::new).collect())?;
        run(vec![OsStr::new("checkout-index"), OsStr::new("--all"), &prefix])?;
        Ok(checked_out)
    }
}

/// Copies an index, its time included: git takes a file that was written in the same second as the index for
/// possibly changed (git's `racy-git`), and would take it for unchanged beside a newer one.
fn copy_index(from: &Path, to: &Path) -> io::Result<()> {
    let modified = std::fs::metadata(from)?.modified()?;
    std::fs::copy(from, to)?;
    std::fs::File::options().write(true).open(to)?.set_modified(modified)
}

impl CheckedOut {
    fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// Where the path is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.root().join(&self.relative)
    }

    /// What a file of it is called, as git calls it: `HEAD~1:app/Dockerfile`; in the working tree the path
    /// from the root.
    #[must_use]
    pub fn name_of(&self, file: &Path) -> String {
        match file.strip_prefix(self.root()) {
            Ok(relative) => format!("{}{}", self.name, relative.display()),
            Err(_) => file.display().to_string(),
        }
    }

    /// A message in which its files are called so.
    #[must_use]
    pub fn rename(&self, message: &str) -> String {
        message.replace(&format!("{}/", self.root().display()), &self.name)
    }
}

/// What git printed, without the end of the line; nothing where it failed.
fn told(output: &Output) -> Option<OsString> {
    let text = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
    output.status.success().then(|| OsString::from_vec(text.to_vec()))
}

/// Why git failed, in its words.
fn words(output: &Output) -> String {
    let text = line(&String::from_utf8_lossy(&output.stderr));
    text.strip_prefix("fatal: ").map(str::to_owned).unwrap_or(text)
}

fn git<'a>(
    folder: &Path,
    environment: &[(&str, &OsStr)],
    arguments: impl IntoIterator<Item = impl AsRef<OsStr> + 'a>,
) -> Result<Output, RevisionError> {
    let mut command = Command::new("git");
    for variable in LOCAL_VARIABLES {
        command.env_remove(variable);
    }
    command.arg("-C").arg(folder);
    // No program of the repository's runs.
    command.args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]);
    command.args(arguments).envs(environment.iter().copied());
    command.output().map_err(RevisionError::Git)
}
