//! Programs that refuse to run unless they are process 1, as inits do.

use crate::evidence::run::{Output, RunEnd};

/// What they call process 1, in lower case.
///
/// Sources: s6-overlay-helpers, `s6-overlay-suexec.c` ("can only run as pid 1"); runit, `runit.c` ("must be
/// run as process no 1."); `BusyBox`, `init/init.c` ("must be run as PID 1").
const NAMES: [&str; 5] = ["pid 1", "pid1", "process 1", "process no 1", "process number 1"];
/// What makes a sentence about process 1 a demand: tini only warns that it "is not running as PID 1".
const DEMANDS: [&str; 5] = ["must", "only", "has to", "have to", "needs to"];

/// Whether a program that is not process 1 ended because of that.
pub(super) fn insists_on_being_first(end: &RunEnd, outputs: [&Output; 2]) -> bool {
    end.is_failure() && outputs.iter().any(|it| demands_to_be_first(&it.text))
}

/// Whether one of the lines demands to be process 1.
fn demands_to_be_first(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.to_lowercase();
        DEMANDS.iter().any(|it| line.contains(it)) && NAMES.iter().any(|it| names(&line, it))
    })
}

/// Whether a line has the name of process 1, and not that of process 12.
fn names(line: &str, name: &str) -> bool {
    let mut found = line.match_indices(name);
    found.any(|(at, _)| !line[at + name.len()..].starts_with(|it: char| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inits_that_are_not_process_1_are_known_by_their_words() {
        for said in [
            "s6-overlay-suexec: fatal: can only run as pid 1",
            "runit: fatal: must be run as process no 1.",
            "init: must be run as PID 1",
            "before\nError: this program has to be process 1!\nafter",
        ] {
            assert!(demands_to_be_first(said), "{said}");
        }
        for said in [
            "s6-overlay-suexec: fatal: unable to exec",
            "[WARN  tini (7)] Tini is not running as PID 1 and isn't registered as a child subreaper.",
            "System has not been booted with systemd as init system (PID 1).",
            "the lock must be given up by process 12",
            "must not be empty\nreplaces pid 1",
        ] {
            assert!(!demands_to_be_first(said), "{said}");
        }
    }
}
