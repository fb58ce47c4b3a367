//! Every case in `cases/`, from its Dockerfile to its verdict, against its snapshot.
//!
//! A snapshot holds what the case itself determines. What its base images bring along, digests and
//! times differ from one day and machine to the next and stay out.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

use archproof::case::Case;
use archproof::event::Events;
use archproof::evidence::build::{BuildStep, Provenance};
use archproof::evidence::image::{Content, ImagePath, NodeKind, Variant};
use archproof::evidence::run::{Extent, Output, RunEvidence};
use archproof::evidence::{Evidence, Observation};
use archproof::observe::{EngineAccess, Observer, Options, RunnerChoice};
use archproof::report::{Outcome, write_text};
use archproof::rules::{Needs, Position, Rule};
use archproof::run::Session;
use archproof::source::Credentials;
use archproof::subject::Subject;
use archproof::verdict::{
    Judged, Judgement, Standing, Strictness, VariantJudgement, Verdict, judge,
};
use archproof::verify::Verified;
use common::{RUNTIME, engine, sandbox};
use rstest::rstest;
use serde::Serialize;

#[rstest]
fn case(#[files("cases/*/case.toml")] file: PathBuf) {
    let folder = file.parent().expect("a case lies in a folder");
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let subject = Subject::find(&folder.to_string_lossy()).expect("a case");
    let Verified { report, evidence } = RUNTIME.block_on(verify(&subject, RunnerChoice::Engine));
    let mut text = Vec::new();
    write_text(&report, &mut text).expect("in memory");
    let text = String::from_utf8_lossy(&text).into_owned();
    let (Outcome::Judged(judgement), Some(Observation::Image(evidence))) =
        (&report.outcome, evidence)
    else {
        panic!("{text}");
    };
    let snapshot = Snapshot::of(&evidence, judgement);
    insta::with_settings!({
        snapshot_path => common::root().join("snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
        description => subject.case().summary.as_str(),
    }, {
        insta::assert_yaml_snapshot!(name, snapshot);
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
        let findings: Vec<String> = by_both.map(finding).collect();
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

#[derive(Serialize)]
struct Snapshot {
    findings: Vec<String>,
    build: Vec<String>,
    variants: Vec<VariantSnapshot>,
}

#[derive(Serialize)]
struct VariantSnapshot {
    platform: String,
    verdict: Verdict,
    findings: Vec<String>,
    programs: Vec<String>,
    runs: Vec<RunSnapshot>,
}

/// What the emulator says of a program that it ends. Docker 26.1 loses it on riscv64.
const LAST_WORD: &str = "qemu: uncaught target signal";

#[derive(Serialize)]
struct RunSnapshot {
    command: String,
    end: String,
    stdout: Vec<String>,
    stderr: Vec<String>,
}

impl Snapshot {
    fn of(evidence: &Evidence, judgement: &Judgement) -> Self {
        let variants = evidence.image.variants.iter().zip(&judgement.variants);
        Self {
            findings: judgement.findings.iter().map(finding).collect(),
            build: build(&evidence.provenance),
            variants: variants
                .map(|(variant, judged)| VariantSnapshot {
                    platform: variant.platform.to_string(),
                    verdict: judged.verdict,
                    findings: judged
                        .findings
                        .iter()
                        .filter(|it| is_of_case(it))
                        .map(finding)
                        .collect(),
                    programs: programs(variant),
                    runs: judged.runs.iter().map(RunSnapshot::of).collect(),
                })
                .collect(),
        }
    }
}

/// Each instruction that executes something, and how often: not when, nor whether anew.
fn build(provenance: &Provenance) -> Vec<String> {
    let Provenance::Built(trace) = provenance else { return Vec::new() };
    let mut instructions: BTreeMap<_, BTreeMap<String, usize>> = BTreeMap::new();
    for step in &trace.steps {
        let Some(how) = how(step) else { continue };
        let counts = instructions.entry((step.lines, &step.instruction)).or_default();
        *counts.entry(how).or_default() += 1;
    }
    let line = |((_, instruction), counts): (_, BTreeMap<String, usize>)| {
        let counts: Vec<String> =
            counts.iter().map(|(how, count)| format!("{count} {how}")).collect();
        format!("{}: {instruction}", counts.join(", "))
    };
    instructions.into_iter().map(line).collect()
}

fn how(step: &BuildStep) -> Option<String> {
    let manner = format!("{:?}", step.execution()?.manner).to_lowercase();
    let count = step.platforms.len();
    Some(if count > 1 { format!("{manner} for {count}") } else { manner })
}

/// Distributions may be a day apart from one architecture to the next.
fn is_of_case(judged: &Judged) -> bool {
    judged.finding.rule != Rule::ParityBuildInfo || judged.finding.path().is_some()
}

/// The line of a Dockerfile, wherever that lies.
fn line(place: &Position) -> String {
    let name = place.dockerfile.rsplit('/').next().unwrap_or_default();
    format!("{name}:{}", place.line)
}

fn finding(judged: &Judged) -> String {
    let it = &judged.finding;
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let standing = match &judged.standing {
        Standing::Open => "open",
        Standing::Expected => "expected",
        Standing::Allowed { .. } => "allowed",
    };
    format!(
        "{} {} {}: {} instead of {} ({standing})",
        it.severity,
        it.rule,
        optional(&it.path().map(str::to_owned).or_else(|| it.location.position().map(line))),
        optional(&it.actual),
        optional(&it.expected),
    )
}

/// The ELF files that are not the base image's.
fn programs(variant: &Variant) -> Vec<String> {
    let mut programs = Vec::new();
    for (path, node) in variant.files.iter().filter(|(path, _)| !is_of_distribution(path)) {
        if let NodeKind::File { content: Content::Elf(facts), .. } = &node.kind {
            let linkage = match &facts.interpreter {
                None => "static".to_owned(),
                Some(loader) => format!("{loader}, {}", facts.needed.join(", ")),
            };
            let (machine, class, data) = (facts.machine, facts.class, facts.data);
            programs.push(format!("{path}: {machine} {class} {data}, {linkage}"));
        }
    }
    programs
}

fn is_of_distribution(path: &ImagePath) -> bool {
    let components: Vec<&str> = path.components().collect();
    match components.as_slice() {
        ["usr", "local", ..] => false,
        [first, ..] => matches!(*first, "bin" | "usr") || first.starts_with("lib"),
        [] => true,
    }
}

impl RunSnapshot {
    fn of(run: &RunEvidence) -> Self {
        Self {
            command: run.command.join(" "),
            end: run.end.to_string(),
            stdout: lines(&run.stdout),
            stderr: lines(&run.stderr)
                .into_iter()
                .filter(|it| !it.starts_with(LAST_WORD))
                .collect(),
        }
    }
}

/// The first lines, and a mark where that is not all.
fn lines(output: &Output) -> Vec<String> {
    const KEPT: usize = 12;
    let mut lines: Vec<String> = output.text.lines().take(KEPT).map(str::to_owned).collect();
    if output.text.lines().count() > KEPT || output.extent == Extent::Beginning {
        lines.push("(more)".to_owned());
    }
    lines
}
