//! A bound on what lies between the files of a tar.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};

/// The most that may stand between two files, in bytes: their headers, with names of any length.
const HEADER_LIMIT: u64 = 1 << 20;

/// How much may be read before the next file comes. The tar crate reads names into memory whole,
/// however long the tar says they are.
#[derive(Default)]
pub(crate) struct Budget(Cell<Option<u64>>);

impl Budget {
    /// Before the next file: what is unread of the last one, in bytes, and headers may come.
    pub(crate) fn allow(&self, unread: u64) {
        self.0.set(Some(unread.saturating_add(HEADER_LIMIT)));
    }

    /// Inside a file, whatever its size.
    pub(crate) fn lift(&self) {
        self.0.set(None);
    }

    fn spend(&self, size: usize) -> io::Result<()> {
        let Some(left) = self.0.get() else { return Ok(()) };
        let left = left.checked_sub(size as u64);
        let left = left.ok_or_else(|| io::Error::other("a file's headers are too large"))?;
        self.0.set(Some(left));
        Ok(())
    }
}

/// A reader within its budget.
pub(crate) struct Guarded<'a, R> {
    inner: R,
    budget: &'a Budget,
}

impl<'a, R> Guarded<'a, R> {
    pub(crate) fn new(inner: R, budget: &'a Budget) -> Self {
        Self { inner, budget }
    }
}

impl<R: Seek> Seek for Guarded<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.inner.read(buffer)?;
        self.budget.spend(size)?;
        Ok(size)
    }
}
