//! Reports beside the one on standard output.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use archproof::evidence::SavedEvidence;
use archproof::report::{
    Attestation, Reported, attestations, write_diff_json, write_diff_text, write_github,
    write_gitlab, write_json, write_junit, write_markdown, write_sarif,
};

use super::arguments::{Format, ReportArgument, ReportArguments, ReportKind, ReportTarget};
use super::exit::{Exit, complain};
use super::output::write_reports;

/// As files usually are: a report is no secret.
const READABLE: u32 = 0o644;

/// What is written.
pub(super) struct Content<'a> {
    pub(super) reported: Reported<'a>,
    pub(super) evidence: Kept<'a>,
}

/// What was observed.
pub(super) enum Kept<'a> {
    Evidence(&'a SavedEvidence),
    /// Only `verify` keeps it.
    Nothing,
}

impl ReportArguments {
    /// Whether what was observed is to be kept.
    pub(super) fn keep_evidence(&self) -> bool {
        self.list.iter().any(|it| it.kind == ReportKind::Evidence)
    }

    /// Looks whether the reports can be written by a command that does not verify.
    pub(super) fn check_without_evidence(&self) -> Result<(), Exit> {
        let of_verify =
            |it: &&ReportArgument| matches!(it.kind, ReportKind::Evidence | ReportKind::Attest);
        match self.list.iter().find(of_verify).map(|it| it.kind) {
            Some(ReportKind::Attest) => {
                Err(complain("--report attest: only `archproof verify` states verdicts on digests"))
            }
            Some(_) => Err(complain("--report evidence: only `archproof verify` keeps evidence")),
            None => self.check(),
        }
    }

    /// Looks whether the reports can be written, before there is an hour's work to lose.
    pub(super) fn check(&self) -> Result<(), Exit> {
        for argument in &self.list {
            let checked = match (&argument.to, argument.kind) {
                (ReportTarget::File(folder), ReportKind::Attest) => check_folder(folder),
                (ReportTarget::File(path), _) => check_writable(path),
                (ReportTarget::StandardOutput, ReportKind::Attest) => {
                    Err(io::Error::other("statements are files: name a folder"))
                }
                (ReportTarget::StandardOutput, _) => Ok(()),
            };
            checked.map_err(|error| unwritable(argument, &error))?;
        }
        Ok(())
    }

    /// Writes them all.
    pub(super) fn write(&self, content: &Content<'_>) -> Result<(), Exit> {
        let write = |it: &ReportArgument| content.write(it).map_err(|error| unwritable(it, &error));
        self.list.iter().try_for_each(write)
    }
}

fn unwritable(argument: &ReportArgument, error: &io::Error) -> Exit {
    complain(&format!("cannot write the report {}: {error}", argument.to))
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Writes a file that gets its name when it is whole. What is no file, such as a device or a pipe, is
/// written to as it is, and a link is followed.
pub(super) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let Destination::File(path) = Destination::new(path) else {
        let mut to = BufWriter::new(File::options().write(true).open(path)?);
        write(&mut to)?;
        return to.flush();
    };
    let mut to = BufWriter::new(tempfile::NamedTempFile::new_in(folder_of(&path))?);
    write(&mut to)?;
    let file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().set_permissions(Permissions::from_mode(READABLE))?;
    file.persist(path)?;
    Ok(())
}

/// Tries whether a file can be written.
pub(super) fn check_writable(path: &Path) -> io::Result<()> {
    match Destination::new(path) {
        // It is gone at once: only a file that is whole gets the name.
        Destination::File(path) => tempfile::tempfile_in(folder_of(&path)).map(drop),
        Destination::Other if path.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        // Opening a pipe would wait for its reader.
        Destination::Other => Ok(()),
    }
}

/// Tries whether files can be written to a folder, which is made where it does not exist.
fn check_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder).map(drop)
}

/// What a path leads to.
enum Destination {
    /// A file, by its own name, or nothing yet.
    File(PathBuf),
    /// A device, a pipe, or a folder.
    Other,
}

impl Destination {
    fn new(path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => Self::Other,
            Ok(_) => Self::File(path.canonicalize().unwrap_or_else(|_| path.to_owned())),
            Err(_) => Self::File(path.to_owned()),
        }
    }
}

impl Content<'_> {
    /// A file gets its name when it is whole.
    fn write(&self, argument: &ReportArgument) -> io::Result<()> {
        match &argument.to {
            ReportTarget::File(folder) if argument.kind == ReportKind::Attest => {
                self.write_attestations(folder)
            }
            ReportTarget::StandardOutput => {
                let mut to = BufWriter::new(io::stdout().lock());
                self.write_kind(argument.kind, &mut to)?;
                to.flush()
            }
            ReportTarget::File(path) => write_whole(path, |to| self.write_kind(argument.kind, to)),
        }
    }

    /// Each file is whole, whenever this is interrupted.
    fn write_attestations(&self, folder: &Path) -> io::Result<()> {
        let Reported::Subjects(verification) = self.reported else { return Ok(()) };
        fs::create_dir_all(folder)?;
        for Attestation { file, text } in attestations(verification)? {
            write_whole(&folder.join(file), |to| to.write_all(text.as_bytes()))?;
        }
        Ok(())
    }

    fn write_kind(&self, kind: ReportKind, to: &mut dyn Write) -> io::Result<()> {
        match kind {
            ReportKind::Text => self.write_text(to),
            ReportKind::Json => self.write_json(to),
            ReportKind::Junit => write_junit(self.reported, to),
            ReportKind::Sarif => write_sarif(self.reported, to),
            ReportKind::Gitlab => write_gitlab(self.reported, to),
            ReportKind::Github => write_github(self.reported, to),
            ReportKind::Markdown => write_markdown(self.reported, to),
            ReportKind::Evidence => match self.evidence {
                Kept::Evidence(evidence) => evidence.write(to),
                Kept::Nothing => Ok(()),
            },
            // It is a folder.
            ReportKind::Attest => Ok(()),
        }
    }

    fn write_text(&self, to: &mut dyn Write) -> io::Result<()> {
        match self.reported {
            Reported::Subjects(verification) => write_reports(Format::Text, verification, to),
            Reported::Diff(report) => {
                let mut plain = anstream::StripStream::new(Vec::new());
                write_diff_text(report, &mut plain)?;
                to.write_all(&plain.into_inner())
            }
        }
    }

    fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        match self.reported {
            Reported::Subjects(verification) => write_json(verification, to),
            Reported::Diff(report) => write_diff_json(report, to),
        }
    }
}
