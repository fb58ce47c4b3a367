//! What a container has had of the engine's processors.

use std::time::Duration;

use bollard::models::ContainerTopResponse;
use bollard::query_parameters::{StatsOptionsBuilder, TopOptionsBuilder};
use futures_util::StreamExt;

use crate::engine::Engine;
use crate::sandbox::{Activity, Usage};

/// For `ps` on the engine's host: a line for each thread.
const THREADS: &str = "-eLo pid,stat,time";

/// What a container uses; `None` where the engine cannot tell. Engines without control groups count no
/// processor time, and some hosts have no `ps` that lists threads.
pub(super) async fn usage(engine: &Engine, id: &str) -> Option<Usage> {
    let (counted, threads) = tokio::join!(cpu(engine, id), threads(engine, id));
    let activity = threads.as_ref().and_then(activity).unwrap_or(Activity::Unknown);
    let cpu = counted.or_else(|| threads.as_ref().and_then(cpu_of_threads))?;
    Some(Usage { cpu, activity })
}

/// The processor time of all its processes so far, those that have ended included.
async fn cpu(engine: &Engine, id: &str) -> Option<Duration> {
    let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
    let stats = Box::pin(engine.docker().stats(id, Some(options))).next().await?.ok()?;
    let nanoseconds = stats.cpu_stats?.cpu_usage?.total_usage?;
    (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
}

async fn threads(engine: &Engine, id: &str) -> Option<ContainerTopResponse> {
    let options = TopOptionsBuilder::new().ps_args(THREADS).build();
    engine.docker().top_processes(id, Some(options)).await.ok()
}

fn activity(threads: &ContainerTopResponse) -> Option<Activity> {
    let states = column(threads, "STAT")?;
    let is_runnable = states.iter().any(|it| it.starts_with('R'));
    Some(if is_runnable { Activity::Runnable } else { Activity::Waiting })
}

fn cpu_of_threads(threads: &ContainerTopResponse) -> Option<Duration> {
    let times = column(threads, "TIME")?;
    times.into_iter().map(time).sum()
}

fn column<'a>(threads: &'a ContainerTopResponse, title: &str) -> Option<Vec<&'a str>> {
    let at = threads.titles.as_ref()?.iter().position(|it| it == title)?;
    threads.processes.as_ref()?.iter().map(|it| it.get(at).map(String::as_str)).collect()
}

/// Reads `[DAYS-]HOURS:MINUTES:SECONDS`.
///
/// Source: `ps(1)`, standard format specifiers.
fn time(text: &str) -> Option<Duration> {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let mut seconds = 0_u64;
    for part in clock.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    let days: u64 = days.parse().ok()?;
    Some(Duration::from_secs(days.checked_mul(86_400)?.checked_add(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(titles: &[&str], threads: &[&[&str]]) -> ContainerTopResponse {
        let words = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        ContainerTopResponse {
            titles: Some(words(titles)),
            processes: Some(threads.iter().map(|it| words(it)).collect()),
        }
    }

    #[test]
    fn one_thread_that_could_go_on_makes_a_program_runnable() {
        let titles = ["PID", "STAT", "TIME"];
        let waits = ["7", "Ssl", "00:00:02"];
        let threads = top(&titles, &[&waits, &["7", "Rl", "1-00:01:30"]]);
        assert_eq!(activity(&threads), Some(Activity::Runnable));
        assert_eq!(cpu_of_threads(&threads), Some(Duration::from_secs(86_400 + 92)));
        let threads = top(&titles, &[&waits]);
        assert_eq!(activity(&threads), Some(Activity::Waiting));
    }

    #[test]
    fn what_another_ps_says_is_not_guessed_at() {
        let threads = top(&["PID", "USER", "COMMAND"], &[&["7", "root", "tool"]]);
        assert_eq!((activity(&threads), cpu_of_threads(&threads)), (None, None));
        let threads = top(&["PID", "STAT", "TIME"], &[&["7", "R", "soon"], &["7"]]);
        assert_eq!((activity(&threads), cpu_of_threads(&threads)), (None, None));
    }
}
