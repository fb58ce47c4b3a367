//! Runs that go on at the same time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::evidence::image::EntryNumber;
use crate::evidence::run::{NotRun, RunEvidence, Runs};

/// The runs of one variant, by its entry of the index.
pub(super) type EntryRuns = (EntryNumber, Vec<RunEvidence>);

/// Starts what waits, in its order and no more than `most` at once, and gathers what comes of it. What
/// has not begun within the time is not run.
pub(super) async fn run_all<W>(
    waiting: Vec<(EntryNumber, W)>,
    most: usize,
    timeout: Duration,
    start: impl Fn(&mut JoinSet<EntryRuns>, W),
) -> BTreeMap<EntryNumber, Runs> {
    let begun = Instant::now();
    let mut waiting = waiting.into_iter();
    let (mut running, mut runs) = (JoinSet::new(), BTreeMap::new());
    loop {
        if begun.elapsed() > timeout {
            runs.extend(waiting.by_ref().map(|it| (it.0, Err(NotRun::OutOfTime { timeout }))));
        }
        let room = most.saturating_sub(running.len());
        waiting.by_ref().take(room).for_each(|it| start(&mut running, it.1));
        match running.join_next().await {
            None => return runs,
            Some(Ok((entry, run))) => {
                runs.insert(entry, Ok(run));
            }
            // A run that is lost must not pass for one that nobody wanted.
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::RUNS_TIMEOUT;
    use super::*;

    #[test]
    fn what_does_not_begin_in_time_is_not_run() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let waiting: Vec<_> = (0..5).map(|it| (EntryNumber(it), it)).collect();
        for (timeout, expected) in [(RUNS_TIMEOUT, 5), (Duration::ZERO, 0)] {
            let runs = runtime.block_on(run_all(waiting.clone(), 2, timeout, |running, it| {
                running.spawn_blocking(move || {
                    std::thread::sleep(Duration::from_millis(5));
                    (EntryNumber(it), Vec::new())
                });
            }));
            let of_time = Err(NotRun::OutOfTime { timeout });
            assert_eq!(runs.len(), 5);
            assert_eq!(runs.values().filter(|it| **it != of_time).count(), expected, "{timeout:?}");
        }
    }
}
