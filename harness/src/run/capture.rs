//! The beginning of what a program prints.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::limits::OUTPUT_TIMEOUT;
use crate::evidence::run::{Extent, Output};

/// Keeps what there is room for. One byte beyond the limit shows that there was more.
pub(super) fn keep(kept: &mut Vec<u8>, new: &[u8], limit: usize) {
    let room = (limit + 1).saturating_sub(kept.len());
    kept.extend_from_slice(&new[..new.len().min(room)]);
}

/// What was kept, made harmless.
pub(super) fn captured(mut kept: Vec<u8>, limit: usize) -> Output {
    let extent = if kept.len() > limit { Extent::Beginning } else { Extent::Whole };
    kept.truncate(limit);
    Output::new(&kept, extent)
}

/// Reads a stream to its end on a thread of its own, and keeps its beginning.
pub(super) struct Drain {
    kept: Arc<Mutex<Vec<u8>>>,
    done: Receiver<()>,
    limit: usize,
}

impl Drain {
    /// The limit is in bytes.
    pub(super) fn new(mut stream: impl Read + Send + 'static, limit: usize) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (sender, done) = channel();
        let keeper = Arc::clone(&kept);
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(size @ 1..) = stream.read(&mut buffer) {
                let mut kept = keeper.lock().unwrap_or_else(PoisonError::into_inner);
                keep(&mut kept, &buffer[..size], limit);
            }
            // Whoever waits sees the sender go.
            drop(sender);
        });
        Self { kept, done, limit }
    }

    pub(super) fn finish(self) -> Output {
        let _ = self.done.recv_timeout(OUTPUT_TIMEOUT);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        captured(std::mem::take(&mut kept), self.limit)
    }
}
