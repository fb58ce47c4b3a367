//! Every case in `cases/`, from its Dockerfile to its verdict, against its snapshot.
//!
//! A snapshot is the report that users read, by the engine's runner, without digests and times.

use std::path::PathBuf;

use crate::common::{RUNTIME, engine, sandbox};
use archproof::case::Case;
use archproof::event::Events;
use archproof::evidence::Observation;
use archproof::observe::{EngineAccess, Observer, Options, RunnerChoice};
use archproof::outcome::Outcome;
use archproof::report::write_text;
use archproof::rules::{Finding, Needs};
use archproof::run::Session;
use archproof::source::Credentials;
use archproof::subject::Subject;
use archproof::verdict::{Judgement, Strictness, VariantJudgement, Verdict, judge};
use archproof::verify::Verified;
use rstest::rstest;

#[rstest]
fn case(#[files("cases/*/case.toml")] file: PathBuf) {
    let folder = file.parent().expect("a case lies in a folder");
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let subject = Subject::find(&folder.to_string_lossy()).expect("a case");
    let Verified { report, .. } = RUNTIME.block_on(verify(&subject, RunnerChoice::Engine));
    let mut text = Vec::new();
    write_text(&report, &mut anstream::StripStream::new(&mut text)).expect("in memory");
    let text = String::from_utf8_lossy(&text).into_owned();
    let Outcome::Judged(judgement) = &report.outcome else { panic!("{text}") };
    insta::with_settings!({
        snapshot_path => crate::common::root().join("snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
        filters => FILTERS,
    }, {
        insta::assert_snapshot!(name, text);
    });
    assert_eq!(judgement.verdict, Verdict::Pass, "{text}");
    let other = RUNTIME.block_on(verify(&subject, RunnerChoice::Sandbox));
    let (Outcome::Judged(other), Some(seen)) = (&other.report.outcome, other.evidence) else {
        panic!("{:?}", other.report)
    };
    assert_eq!(brief(judgement), brief(other), "the runners agree");
    assert_eq!(other.missed, [], "a sandbox shows everything");
    assert_caught(&seen, subject.case());
}

/// What both runners have to agree on: they cannot see quite the same.
fn brief(judgement: &Judgement) -> Vec<String> {
    let of_variant = |it: &VariantJudgement| {
        let by_both = it.findings.iter().filter(|it| it.finding.rule.needs() != Needs::SandboxRun);
        let brief = |it: &Finding| {
            format!("{:?}", (it.rule, it.severity, &it.location, &it.expected, &it.actual))
        };
        let findings: Vec<String> = by_both.map(|it| brief(&it.finding)).collect();
        format!("{} {:?} {findings:?}", it.platform, it.verdict)
    };
    judgement.variants.iter().map(of_variant).collect()
}

async fn verify(subject: &Subject, runner: RunnerChoice) -> Verified {
    let engine = engine().await;
    let session = Session::new().expect("random numbers");
    let options = Options { runner, sandbox: Some(sandbox()), ..Options::default() };
    let events = Events::ignored();
    let credentials = Credentials::none();
    let observer = Observer {
        engine: EngineAccess::Connected(&engine),
        credentials: &credentials,
        session: &session,
        options: &options,
        events: &events,
    };
    let outcome = archproof::verify::verify(&observer, subject, Strictness::Normal).await;
    session.clean(&engine).await.expect("nothing is left behind");
    outcome
}

/// Whoever does not expect what a case provokes is told.
fn assert_caught(evidence: &Observation, case: &Case) {
    if case.expect.is_empty() {
        return;
    }
    let unsuspecting = Case { expect: Vec::new(), ..case.clone() };
    assert_eq!(judge(evidence, &unsuspecting, Strictness::Normal).verdict, Verdict::Fail);
}

/// What differs from one day, machine or build to the next.
const FILTERS: [(&str, &str); 5] = [
    ("sha256:[0-9a-f]{64}", "sha256:…"),
    (concat!(env!("CARGO_MANIFEST_DIR"), "/"), ""),
    // How long a step took, and whether it was cached: the last column of the build.
    (r"(?m)^(    RUN .*(?:native|cross|emulated|said where))  .*$", "$1"),
    // The instruction that a program dies of.
    (r", [0-9a-f]+ at 0x[0-9a-f]+", ", …"),
    // Distributions may be a day apart from one architecture to the next.
    (r"(?m)^linux/.*\[ParityBuildInfo\].*\n", ""),
];
