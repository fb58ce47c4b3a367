//! The time that a program takes, on a machine that may be busy with others.

use std::time::{Duration, Instant};

/// So many times longer than it may a program may take by the clock, on a machine that is busy.
pub const PATIENCE: u32 = 10;

/// How much a program and its children have had of the processors, and whether they want more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time so far, of processes too that have ended.
    pub cpu: Duration,
    /// Whether one of them could go on if it had a processor.
    pub activity: Activity,
}

/// Whether somebody wants a processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// At least one thread.
    Runnable,
    /// All wait for something else.
    #[default]
    Waiting,
    /// It cannot be seen: what gets a fiftieth of a processor is taken to want more.
    Unknown,
}

/// How long a program has taken: the time that it had a processor, or waited for anything else.
#[derive(Debug)]
pub struct Clock {
    begun: Instant,
    last: Instant,
    cpu: Duration,
    spent: Duration,
}

impl Clock {
    /// A program that starts now.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { begun: now, last: now, cpu: Duration::ZERO, spent: Duration::ZERO }
    }

    /// Whether the time is over that it may take. Where the usage cannot be seen, that is decided when it
    /// can be, or by the bound on the clock alone.
    pub fn is_over(&mut self, now: Instant, usage: Option<Usage>, limit: Duration) -> bool {
        if let Some(usage) = usage {
            let passed = now - self.last;
            let had = usage.cpu.saturating_sub(self.cpu);
            self.last = now;
            self.cpu = usage.cpu;
            self.spent += match usage.activity {
                // Of several threads, one counts.
                Activity::Runnable => had.min(passed),
                Activity::Unknown if had * 50 >= passed => had.min(passed),
                Activity::Waiting | Activity::Unknown => passed,
            };
        }
        self.spent > limit || now - self.begun > limit.saturating_mul(PATIENCE)
    }

    /// How much of the time is left that it may take.
    #[must_use]
    pub fn left(&self, limit: Duration) -> Duration {
        limit.saturating_sub(self.spent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    /// After how many seconds the time is over for a program that gets a part of each second.
    fn over_after(activity: Activity, milliseconds: u64) -> Option<u64> {
        over_when(|second| {
            Some(Usage { cpu: Duration::from_millis(milliseconds * second), activity })
        })
    }

    fn over_when(usage: impl Fn(u64) -> Option<Usage>) -> Option<u64> {
        let begun = Instant::now();
        let mut clock = Clock::new(begun);
        (1..200).find(|second| {
            clock.is_over(begun + Duration::from_secs(*second), usage(*second), LIMIT)
        })
    }

    #[test]
    fn a_program_that_waits_for_a_processor_has_more_time() {
        assert_eq!(over_after(Activity::Waiting, 0), Some(11));
        assert_eq!(over_after(Activity::Runnable, 1000), Some(11));
        assert_eq!(over_after(Activity::Runnable, 4000), Some(11), "on four processors");
        assert_eq!(over_after(Activity::Runnable, 250), Some(41), "on a quarter of one");
        assert_eq!(over_after(Activity::Runnable, 1), Some(101), "on next to nothing");
    }

    #[test]
    fn what_cannot_be_seen_is_taken_from_what_can() {
        assert_eq!(over_after(Activity::Unknown, 5), Some(11), "it waits");
        assert_eq!(over_after(Activity::Unknown, 250), Some(41), "it gets a quarter");
        assert_eq!(over_when(|_| None), Some(101), "only the clock is left");
        let waits = Usage::default();
        assert_eq!(over_when(|second| (second % 7 == 0).then_some(waits)), Some(14));
    }

    #[test]
    fn what_is_left_is_said() {
        let begun = Instant::now();
        let mut clock = Clock::new(begun);
        assert!(!clock.is_over(begun + LIMIT / 4, Some(Usage::default()), LIMIT));
        assert_eq!(clock.left(LIMIT), LIMIT * 3 / 4);
    }
}
