//! `--baseline` and `--update-baseline`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use archproof::baseline::{Baseline, BaselineImage};
use archproof::blocked::describe;
use archproof::outcome::{BaselineOutcome, BaselineReport};

use super::arguments::VerifyArguments;
use super::exit::{Exit, complain};
use super::invocation::is_in_ci;
use super::reports::{check_writable, write_whole};

/// What is to be done with a baseline.
pub(super) enum BaselinePlan {
    /// Nobody asked for one.
    None,
    /// The images are compared with it.
    Compare(PathBuf, Box<Baseline>),
    /// It is written.
    Write(PathBuf),
}

impl BaselinePlan {
    /// Reads the baseline, before there is an hour's work to lose.
    pub(super) fn new(arguments: &VerifyArguments) -> Result<Self, Exit> {
        let Some(path) = &arguments.baseline else { return Ok(Self::None) };
        let wrong = |why: &str| complain(&format!("baseline {}: {why}", path.display()));
        if arguments.update_baseline && is_in_ci() {
            return Err(wrong("--update-baseline is refused under CI: update and review it first"));
        }
        let old = match fs::read_to_string(path) {
            // What is something else is not overwritten either.
            Ok(text) => Some(Baseline::parse(&text).map_err(|error| wrong(&describe(&error)))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_in_ci() => {
                return Err(wrong("it does not exist: run with --update-baseline and commit it"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(wrong(&format!("it cannot be read: {error}"))),
        };
        match old {
            Some(old) if !arguments.update_baseline => {
                Ok(Self::Compare(path.clone(), Box::new(old)))
            }
            _ => {
                let writable = check_writable(path);
                writable.map_err(|error| wrong(&format!("it cannot be written: {error}")))?;
                Ok(Self::Write(path.clone()))
            }
        }
    }

    /// Whether it is to be known what the images are.
    pub(super) fn is_wanted(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Compares or writes. `images` has nothing where it is not known what one is.
    pub(super) fn carry_out(
        &self,
        images: Option<Vec<BaselineImage>>,
    ) -> Result<Option<BaselineReport>, Exit> {
        let report = |file: &Path, outcome| {
            Ok(Some(BaselineReport { file: file.display().to_string(), outcome }))
        };
        match (self, images.map(Baseline::new)) {
            (Self::None, _) => Ok(None),
            (Self::Compare(path, _) | Self::Write(path), None) => {
                report(path, BaselineOutcome::Unknown)
            }
            (Self::Compare(path, old), Some(new)) => {
                let difference = new.difference(old);
                let is_same = difference.is_empty();
                let differs = BaselineOutcome::Differs(difference);
                report(path, if is_same { BaselineOutcome::Same } else { differs })
            }
            (Self::Write(path), Some(new)) => {
                let written = write_whole(path, |to| to.write_all(new.text().as_bytes()));
                written.map_err(|error| {
                    complain(&format!("cannot write the baseline {}: {error}", path.display()))
                })?;
                report(path, BaselineOutcome::Written)
            }
        }
    }
}
