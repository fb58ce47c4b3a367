//! The beginning of what a program prints.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::limits::OUTPUT_TIMEOUT;
use crate::evidence::run::{Extent, Output};

/// The beginning of a stream, up to a limit.
pub(super) struct Beginning {
    bytes: Vec<u8>,
    limit: usize,
}

impl Beginning {
    /// The limit is in bytes.
    pub(super) const fn within(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    /// Keeps what there is room for. One byte beyond the limit shows that there was more.
    pub(super) fn push(&mut self, new: &[u8]) {
        let room = (self.limit + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&new[..new.len().min(room)]);
    }

    /// What was kept, made harmless. Nothing is kept any more.
    pub(super) fn take(&mut self) -> Output {
        let mut bytes = std::mem::take(&mut self.bytes);
        let extent = if bytes.len() > self.limit { Extent::Beginning } else { Extent::Whole };
        bytes.truncate(self.limit);
        Output::new(&bytes, extent)
    }
}

/// Reads a stream to its end on a thread of its own, and keeps its beginning.
pub(super) struct Drain {
    kept: Arc<Mutex<Beginning>>,
    done: Receiver<()>,
}

impl Drain {
    /// The limit is in bytes.
    pub(super) fn new(mut stream: impl Read + Send + 'static, limit: usize) -> Self {
        let kept = Arc::new(Mutex::new(Beginning::within(limit)));
        let (sender, done) = channel();
        let keeper = Arc::clone(&kept);
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(size @ 1..) = stream.read(&mut buffer) {
                keeper.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..size]);
            }
            // Whoever waits sees the sender go.
            drop(sender);
        });
        Self { kept, done }
    }

    pub(super) fn finish(self) -> Output {
        let _ = self.done.recv_timeout(OUTPUT_TIMEOUT);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
