//! Reading ahead on a thread of its own, so that hashing, decompressing and looking at what comes
//! out go on at the same time. What ends within the first chunk needs no thread.

use std::io::{self, BufRead, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// What passes at once, in bytes: little enough to stay in a core's own cache.
const CHUNK: usize = 1 << 17;
/// How many chunks may wait.
const DEPTH: usize = 4;

/// The reading end. Dropping it early ends the thread at its next chunk.
pub(super) struct PipeReader {
    chunks: Receiver<io::Result<Chunk>>,
    /// Chunks that have been read go back to be filled again.
    empty: Sender<Chunk>,
    chunk: Chunk,
    at: usize,
    /// How much has been read, in bytes.
    taken: u64,
}

/// A buffer of [`CHUNK`] bytes, of which the first are filled.
#[derive(Default)]
struct Chunk {
    buffer: Vec<u8>,
    filled: usize,
}

/// Who has what is read ahead.
pub(super) enum Ahead<'scope, R> {
    /// A thread, until it has read all.
    Thread(ScopedJoinHandle<'scope, R>),
    /// Nobody any more: the source ended, or failed, within the first chunk.
    Ended(R),
}

/// Starts reading ahead.
pub(super) fn read_ahead<'scope, R: Read + Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut source: R,
) -> (PipeReader, Ahead<'scope, R>) {
    let (full, chunks) = sync_channel(DEPTH);
    let (empty, spare) = channel();
    let mut chunk = Chunk::empty();
    let end = chunk.fill(&mut source);
    let ahead = match end {
        Ok(End::Full) => Ahead::Thread(scope.spawn(move || fill(source, &full, &spare))),
        Ok(End::OfSource) => Ahead::Ended(source),
        Err(error) => {
            // There is room: nothing has been sent yet.
            let _ = full.try_send(Err(error));
            Ahead::Ended(source)
        }
    };
    (PipeReader { chunks, empty, chunk, at: 0, taken: 0 }, ahead)
}

/// Why a chunk is filled no further.
enum End {
    Full,
    OfSource,
}

impl Chunk {
    fn empty() -> Self {
        Self { buffer: vec![0; CHUNK], filled: 0 }
    }

    /// Reads until it is full. What was read before an error stays in it.
    fn fill(&mut self, source: &mut impl Read) -> io::Result<End> {
        while self.filled < self.buffer.len() {
            match source.read(&mut self.buffer[self.filled..]) {
                Ok(0) => return Ok(End::OfSource),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(End::Full)
    }
}

impl PipeReader {
    /// How much has been read from it, in bytes.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }
}

impl<R> Ahead<'_, R> {
    /// Waits until all was read, and gives the source back.
    pub(super) fn into_source(self) -> R {
        match self {
            Self::Thread(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Self::Ended(source) => source,
        }
    }
}

fn fill<R: Read>(
    mut source: R,
    full: &SyncSender<io::Result<Chunk>>,
    spare: &Receiver<Chunk>,
) -> R {
    loop {
        let mut chunk = spare.try_recv().unwrap_or_default();
        if chunk.buffer.is_empty() {
            chunk = Chunk::empty();
        }
        let read = match source.read(&mut chunk.buffer) {
            Ok(0) => return source,
            Ok(filled) => Ok(Chunk { filled, ..chunk }),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_last = read.is_err();
        // Nobody reads any more: there is no use in going on.
        if full.send(read).is_err() || is_last {
            return source;
        }
    }
}

impl BufRead for PipeReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.chunk.filled {
            // The thread may have ended: then the chunk is of no use to anybody.
            let _ = self.empty.send(std::mem::take(&mut self.chunk));
            self.at = 0;
            if let Ok(chunk) = self.chunks.recv() {
                self.chunk = chunk?;
            }
        }
        Ok(&self.chunk.buffer[self.at..self.chunk.filled])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
        self.taken += amount as u64;
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.fill_buf()?.read(buffer)?;
        self.consume(size);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_comes_out_is_what_went_in() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * CHUNK + 7).collect();
        thread::scope(|scope| {
            let (mut pipe, ahead) = read_ahead(scope, bytes.as_slice());
            let mut read = Vec::new();
            pipe.read_to_end(&mut read).expect("in memory");
            assert_eq!(read, bytes);
            assert!(ahead.into_source().is_empty());
        });
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        thread::scope(|scope| {
            let (mut pipe, _) = read_ahead(scope, b"before".chain(Fails));
            let mut read = Vec::new();
            let error = pipe.read_to_end(&mut read).expect_err("broken");
            assert_eq!((read.as_slice(), error.to_string().as_str()), (&b"before"[..], "broken"));
        });
    }

    #[test]
    fn nobody_has_to_read_to_the_end() {
        thread::scope(|scope| {
            let (mut pipe, _) = read_ahead(scope, io::repeat(1));
            pipe.read_exact(&mut [0; 9]).expect("there is more");
        });
    }
}
