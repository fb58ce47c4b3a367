//! What went wrong on this side of a build.
//!
//! BuildKit reports such a thing back as an error of its own, at third hand; what is recorded
//! here is the first.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::walk::Unreadable;
use crate::source::CredentialsError;

/// One thing that went wrong here.
#[derive(Debug)]
pub(super) enum Fault {
    /// A file of a local folder cannot be sent.
    Unreadable(Unreadable),
    /// The result cannot be written.
    Unwritable { path: PathBuf, cause: std::io::Error },
    /// A login cannot be read.
    Credentials(CredentialsError),
}

/// Keeps the first thing that went wrong: the others follow from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Arc<Mutex<Option<Fault>>>);

impl Faults {
    pub(super) fn record(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }

    pub(super) fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
