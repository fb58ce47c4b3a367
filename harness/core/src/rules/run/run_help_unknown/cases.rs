use crate::evidence::run::{Extent, Output, RunEnd, RunEvidence, SignalCause};
use crate::fixture::{Image, Variant};
use crate::rules::rule::Rule;
use crate::rules::run::run_help_unknown::RULE;
use crate::rules::tests::run::run;
use crate::rules::tests::{Case, caught, silent};
use serde::Deserialize;

/// What a program printed when it was asked for `--help`. Debian's unless the name says otherwise.
#[derive(Deserialize)]
struct Words {
    program: String,
    exit: i64,
    stdout: String,
    stderr: String,
}

impl Words {
    fn read(text: &str) -> Vec<Self> {
        serde_json::from_str(text).expect("the fixture is JSON")
    }

    fn evidence(&self) -> RunEvidence {
        answer(self.exit, &self.stdout, &self.stderr)
    }
}

fn answer(code: i64, stdout: &str, stderr: &str) -> RunEvidence {
    let stderr = Output::new(stderr.as_bytes(), Extent::Whole);
    RunEvidence { stderr, ..run(RunEnd::Exited { code }, stdout) }
}

const WARNING: &[&str] = &["warning linux/arm64 /app"];

const ALL: &[&str] =
    &["warning linux/386 /app", "warning linux/amd64 /app", "warning linux/arm64 /app"];

fn alone() -> Image {
    Variant::healthy("linux/arm64").into()
}

fn three() -> Image {
    Image::new(["linux/386", "linux/amd64", "linux/arm64"].map(Variant::healthy))
}

/// Each program by itself, so that a wrong one has a name.
fn judged(words: &Words) -> Vec<String> {
    let case = silent(Rule::RunHelpUnknown, "", alone()).after([words.evidence()]);
    case.judge().iter().map(|it| it.rule.to_string()).collect()
}

pub(in crate::rules) fn cases() -> Vec<Case> {
    let nginx = || answer(1, "", "nginx: invalid option: \"-\"\n");
    let version =
        |number| answer(1, "", &format!("HAProxy version {number} 2025\nUsage : haproxy\n"));
    let failing = || answer(1, "", "nginx: [emerg] no such directive\n");
    let up = |words: &str| run(RunEnd::TimedOut { limit_ms: 1500 }, words);
    let dead =
        || run(RunEnd::Signalled { signal: 11, cause: SignalCause::Program }, "Usage: app\n");
    vec![
        caught(RULE.rule, "an option that it does not know", alone(), WARNING).after([nginx()]),
        caught(RULE.rule, "alike on all platforms", three(), ALL).after_each([
            nginx(),
            nginx(),
            nginx(),
        ]),
        caught(RULE.rule, "with another version on one", three(), ALL).after_each([
            version("2.6.12"),
            version("2.6.12"),
            version("2.6.9"),
        ]),
        caught(RULE.rule, "on all that could be run", three(), &ALL[1..]).after_each([
            run(RunEnd::EmulatorMissing { remedy: "install QEMU".into() }, ""),
            nginx(),
            nginx(),
        ]),
        caught(RULE.rule, "on most", three(), &ALL[..2])
            .after_each([nginx(), nginx(), failing()])
            .besides(&["RunFailed error linux/arm64 /app"]),
        caught(RULE.rule, "a server that is up", three(), ALL).after_each([
            up("12:00:01 booting\n12:00:03 listening on :8080\n"),
            up("12:00:01 booting\n12:00:09 listening on :8080\n"),
            up("12:00:01 booting\n12:00:30 listening on :8080\n12:00:31 tick\n"),
        ]),
        caught(RULE.rule, "a server that is up on most", three(), &ALL[..2])
            .after_each([
                up("Ready to accept connections\n"),
                up("Ready to accept connections\n"),
                up(""),
            ])
            .besides(&["RunTimedOut error linux/arm64 /app"]),
        silent(RULE.rule, "with another status on each", three())
            .after_each([
                answer(1, "Usage: app\n", ""),
                answer(2, "Usage: app\n", ""),
                answer(3, "Usage: app\n", ""),
            ])
            .besides(&[
                "RunFailed error linux/386 /app",
                "RunFailed error linux/amd64 /app",
                "RunFailed error linux/arm64 /app",
            ]),
        silent(RULE.rule, "where one platform knows the option", three())
            .after_each([answer(0, "Usage: app\n", ""), nginx(), nginx()])
            .besides(&["RunFailed error linux/amd64 /app", "RunFailed error linux/arm64 /app"]),
        silent(RULE.rule, "where most fail in another way", three())
            .after_each([nginx(), failing(), failing()])
            .besides(&[
                "RunFailed error linux/386 /app",
                "RunFailed error linux/amd64 /app",
                "RunFailed error linux/arm64 /app",
            ]),
        silent(RULE.rule, "where the case says how it has to end", alone())
            .after([nginx()])
            .expecting(0, &[])
            .besides(&["RunFailed error linux/arm64 /app"]),
        silent(RULE.rule, "a signal", alone())
            .after([dead()])
            .besides(&["RunFailed error linux/arm64 /app"]),
        silent(RULE.rule, "a server that waits", alone())
            .after([up("not ready: waiting for the database\n")])
            .besides(&["RunTimedOut error linux/arm64 /app"]),
        silent(RULE.rule, "a server that is up and crashed", alone())
            .after([up("listening on :8080\npanic: nil pointer\n")])
            .besides(&["RunTimedOut error linux/arm64 /app"]),
    ]
}

#[test]
fn programs_that_do_not_know_help_get_a_warning() {
    let programs = Words::read(include_str!("words/unknown.json"));
    assert!(programs.len() >= 40);
    let wrong = programs.iter().filter(|it| judged(it) != ["RunHelpUnknown"]);
    let wrong: Vec<&str> = wrong.map(|it| it.program.as_str()).collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn failures_stay_errors() {
    let programs = Words::read(include_str!("words/failures.json"));
    assert!(programs.len() >= 40);
    let wrong = programs.iter().filter(|it| judged(it) != ["RunFailed"]);
    let wrong: Vec<&str> = wrong.map(|it| it.program.as_str()).collect();
    assert_eq!(wrong, [""; 0]);
}
