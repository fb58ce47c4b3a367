//! Runs that go on at the same time.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use super::evidence::RunEvidence;
use crate::inspect::EntryNumber;

/// The runs of one variant, by its entry of the index.
pub(super) type EntryRuns = (EntryNumber, Vec<RunEvidence>);

/// Starts what waits, in its order and no more than `most` at once, and gathers what comes of it.
pub(super) async fn run_all<W>(
    waiting: Vec<W>,
    most: usize,
    start: impl Fn(&mut JoinSet<EntryRuns>, W),
) -> BTreeMap<EntryNumber, Vec<RunEvidence>> {
    let mut waiting = waiting.into_iter();
    let (mut running, mut runs) = (JoinSet::new(), BTreeMap::new());
    loop {
        let room = most.saturating_sub(running.len());
        waiting.by_ref().take(room).for_each(|it| start(&mut running, it));
        match running.join_next().await {
            None => return runs,
            Some(Ok((entry, run))) => {
                runs.insert(entry, run);
            }
            // A run that is lost must not pass for one that nobody wanted.
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
