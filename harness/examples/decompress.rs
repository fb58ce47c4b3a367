//! Decompresses gzip files to nowhere, as many at once as there are cores: the least that any
//! reader of these layers has to do. The floor of `ci/bench inspect`.
//!
//! ```sh
//! cargo run --release --example decompress -- FILE...
//! ```

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use flate2::bufread::MultiGzDecoder;

fn main() -> io::Result<()> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let threads = thread::available_parallelism()?.get().min(files.len());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let work = || -> io::Result<()> {
            let mut buffer = vec![0; 1 << 17];
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                let file = BufReader::with_capacity(1 << 18, File::open(file)?);
                let mut decoder = MultiGzDecoder::new(file);
                while decoder.read(&mut buffer)? > 0 {}
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|it| it.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
    })
}
