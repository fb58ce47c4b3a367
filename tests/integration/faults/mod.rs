//! archproof, killed at random moments: nothing is lost, leaked or left running. `ci/faults N` runs it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it reports what it did")]

mod leaks;
mod workload;

use std::collections::BTreeMap;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use leaks::{Held, files_of};
use workload::{Place, WORKLOADS, Workload};

/// How many processes there are at once in every other round.
const CROWD: usize = 5;
/// What BuildKit 0.13 says, once, where builds were cancelled that shared a step with this one.
const LOST_STEP: &str = "failed to commit";
/// How long a process may take to end after a signal. The engine may be asked to take things away.
const ENDING: Duration = Duration::from_mins(1);
/// After so many kills an undisturbed run is made, after which nothing of the others may be left.
const BETWEEN_CHECKS: usize = 25;

#[test]
#[ignore = "takes long; ci/faults runs it"]
fn nothing_is_left_by_killed_processes() {
    let setting = |name: &str, default| {
        std::env::var(name).map_or(default, |it| it.parse().expect("a number"))
    };
    let (kills, seed) = (setting("FAULTS", 100), setting("FAULTS_SEED", 1));
    let place = Place::new();
    let before = Held::now(&place);
    let mut faults = Faults { random: Random(seed as u64), place: &place, ended: BTreeMap::new() };
    // At first the program itself is built, and caches are filled.
    for workload in &WORKLOADS {
        undisturbed(workload, &place);
    }
    let durations = WORKLOADS.map(|it| undisturbed(&it, &place));
    eprintln!(
        "faults: undisturbed, {:?}",
        WORKLOADS.map(|it| it.name).iter().zip(durations).collect::<Vec<_>>()
    );
    let (mut done, mut rounds, mut checked) = (0, 0, 0);
    while done < kills {
        let workload = rounds % WORKLOADS.len();
        let crowd = if (rounds / WORKLOADS.len()).is_multiple_of(2) { 1 } else { CROWD };
        if rounds.is_multiple_of(5) {
            place.forget_layers();
        }
        done += faults.round(&WORKLOADS[workload], crowd.min(kills - done), durations[workload]);
        rounds += 1;
        if done / BETWEEN_CHECKS > checked {
            checked = done / BETWEEN_CHECKS;
            check(&place, &before);
            eprintln!("faults: {done} kills so far");
        }
    }
    check(&place, &before);
    let faulted = files_of(&place.set_cache_aside());
    for workload in WORKLOADS.iter().filter(|it| it.is_repeatable) {
        undisturbed(workload, &place);
    }
    let expected = files_of(&place.cache());
    for (path, content) in &expected {
        assert_eq!(
            faulted.get(path),
            Some(content),
            "{} differs from a clean cache's",
            path.display()
        );
    }
    println!("faults: {done} kills, seed {seed}, in {rounds} rounds:");
    for ((workload, signal, ending), count) in &faults.ended {
        println!("faults: {count:5} {workload} {signal}: {ending}");
    }
    println!("faults: 0 leaks; {} files of the cache equal a clean one's", expected.len());
}

struct Faults<'a> {
    random: Random,
    place: &'a Place,
    /// How often each ended how.
    ended: BTreeMap<(&'static str, &'static str, String), usize>,
}

impl Faults<'_> {
    /// Starts some processes at once, and kills each at a moment of its own. Gives how many were killed.
    fn round(&mut self, workload: &Workload, crowd: usize, usual: Duration) -> usize {
        const SIGNALS: [&str; 3] = ["KILL", "TERM", "INT"];
        let begin = Instant::now();
        // Those of a crowd share the processors.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let longest = usual * u32::try_from(crowd.div_ceil(cores)).expect("few") * 11 / 10;
        let mut kills: Vec<(Duration, &'static str, Child)> = (0..crowd)
            .map(|_| {
                let signal = SIGNALS[self.random.below(SIGNALS.len())];
                let moment = longest.mul_f64(self.random.fraction());
                (moment, signal, workload.start(self.place))
            })
            .collect();
        kills.sort_by_key(|it| it.0);
        let crowd = kills.into_iter().map(|(moment, signal, child)| {
            std::thread::sleep((begin + moment).saturating_duration_since(Instant::now()));
            // It may have ended.
            crate::common::send(signal, child.id());
            (signal, child)
        });
        let crowd: Vec<_> = crowd.collect();
        let mut killed = 0;
        for (signal, child) in crowd {
            let ending = ending(&output_of(child), signal);
            killed += usize::from(!ending.starts_with("had ended"));
            *self.ended.entry((workload.name, signal, ending)).or_default() += 1;
        }
        self.place.await_no_processes();
        killed
    }
}

/// Waits for a process, which has to end soon.
fn output_of(child: Child) -> Output {
    let id = child.id();
    let waits = std::thread::spawn(move || child.wait_with_output().expect("it can be waited for"));
    let deadline = Instant::now() + ENDING;
    while !waits.is_finished() {
        if Instant::now() > deadline {
            crate::common::send("KILL", id);
            panic!("process {id} did not end within {ENDING:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    waits.join().expect("it does not panic")
}

/// How a process ended that was sent a signal: of it, as interrupted, or before.
fn ending(output: &Output, signal: &str) -> String {
    let said = crate::common::Said::new(output);
    match said.status {
        None if signal == "KILL" => "killed".to_owned(),
        // The handler of signals is not there yet, in the first milliseconds.
        None if said.stdout.is_empty() => "ended of the signal".to_owned(),
        Some(2) if said.stderr.contains("interrupted by") => "interrupted, exit 2".to_owned(),
        Some(0) => "had ended, exit 0".to_owned(),
        Some(2) if said.stdout.contains(LOST_STEP) => {
            "had ended, the engine lost a step, exit 2".to_owned()
        }
        other => panic!("after {signal} the status is {other:?}: {said}"),
    }
}

/// An undisturbed run has to pass, whatever was before. Gives how long it took.
fn undisturbed(workload: &Workload, place: &Place) -> Duration {
    let begin = Instant::now();
    let run = || {
        let output = workload.start(place).wait_with_output();
        crate::common::Said::new(&output.expect("it can be waited for"))
    };
    let said = Some(run()).filter(|it| !it.stdout.contains(LOST_STEP)).unwrap_or_else(run);
    assert_eq!(said.status, Some(0), "{}: {said}", workload.name);
    begin.elapsed()
}

/// After an undisturbed run nothing of those before is left.
fn check(place: &Place, before: &Held) {
    for workload in &WORKLOADS {
        undisturbed(workload, place);
    }
    let after = Held::now(place);
    assert_eq!(&after, before, "something was left");
}

/// Numbers that look random: an exact seed repeats them. Source: Marsaglia, "Xorshift RNGs" (2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        for shift in [13_i32, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % limit
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).expect("32 bits")) / f64::from(u32::MAX)
    }
}
