//! Whether an attack takes more of the machine's memory than two runs may have.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Two runs at once of 1 GiB each, what they may have on their root filesystems, and archproof's own. The
/// machine does other things meanwhile.
const LIMIT: u64 = 4 << 30;

/// Looks at the memory that the machine has left, until the attack ends.
pub(crate) struct MemoryWatch {
    is_over: Arc<AtomicBool>,
    least: Arc<AtomicU64>,
    first: u64,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    pub(crate) fn start() -> Self {
        let first = available();
        let (is_over, least) = (Arc::default(), Arc::new(AtomicU64::new(first)));
        let (ends, seen) = (Arc::clone(&is_over), Arc::clone(&least));
        let thread = std::thread::spawn(move || {
            while !AtomicBool::load(&ends, Ordering::Relaxed) {
                seen.fetch_min(available(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { is_over, least, first, thread }
    }

    /// How much was taken, if it is too much.
    pub(crate) fn end(self) -> Result<(), String> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic");
        let taken = self.first.saturating_sub(self.least.load(Ordering::Relaxed));
        if taken <= LIMIT { Ok(()) } else { Err(format!("it took {} MiB", taken >> 20)) }
    }
}

/// In bytes. Source: `proc_meminfo(5)`.
fn available() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").expect("it is there");
    let line = text.lines().find_map(|it| it.strip_prefix("MemAvailable:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}
