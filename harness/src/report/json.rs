//! The JSON report. Its schema is `docs/report.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use crate::blocked::{Blocked, Retry, Stage};
use crate::evidence::build::{
    Basis, BuildStep, BuildTrace, BuilderCheck, BuilderChecks, Lines, Manner, Provenance, Reach,
    StepEnd, Work,
};
use crate::evidence::run::{Execution, Instruction, RunEnd, RunEvidence, RunnerKind};
use crate::oci::Digest;
use crate::outcome::{BaselineOutcome, BaselineReport, Outcome, SubjectReport, Verification};
use crate::platform::Platform;
use crate::processor::CpuModel;
use crate::rules::Finding;
use crate::text::write_pretty_json;
use crate::verdict::{Judged, Judgement, Status, VariantJudgement, Verdict, Whole};

/// The version of the contract.
const SCHEMA: u32 = 1;

/// Writes one document for all subjects.
///
/// # Errors
///
/// The writer's.
pub fn write_json(verification: &Verification, to: &mut dyn Write) -> io::Result<()> {
    let document = JsonReport {
        schema: SCHEMA,
        verdict: verification.verdict(),
        subjects: verification.subjects.iter().map(JsonSubject::new).collect(),
        baseline: verification.baseline.as_ref().map(JsonBaseline::new),
    };
    write_pretty_json(&document, to)?;
    writeln!(to)
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: u32,
    verdict: Verdict,
    subjects: Vec<JsonSubject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<JsonBaseline<'a>>,
}

#[derive(Serialize)]
struct JsonBaseline<'a> {
    file: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    difference: &'a [String],
}

impl<'a> JsonBaseline<'a> {
    fn new(report: &'a BaselineReport) -> Self {
        let (outcome, difference) = match &report.outcome {
            BaselineOutcome::Same => ("same", &[][..]),
            BaselineOutcome::Differs(lines) => ("differs", lines.as_slice()),
            BaselineOutcome::Written => ("written", &[][..]),
            BaselineOutcome::Unknown => ("unknown", &[][..]),
        };
        Self { file: &report.file, outcome, difference }
    }
}

#[derive(Serialize)]
struct JsonSubject<'a> {
    subject: &'a str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    findings: Vec<JsonFinding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<JsonBuild<'a>>,
    variants: Vec<JsonVariant<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<JsonBlocked>,
}

#[derive(Serialize)]
struct JsonBuild<'a> {
    dockerfile: &'a str,
    basis: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    checks: JsonChecks<'a>,
    steps: Vec<JsonStep<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    log: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum JsonChecks<'a> {
    Warnings(&'a [BuilderCheck]),
    NotMade(&'a str),
}

#[derive(Serialize)]
struct JsonStep<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Lines>,
    stage: &'a str,
    instruction: &'a str,
    platforms: &'a [Platform],
    reach: Reach,
    work: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<Platform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manner: Option<Manner>,
    end: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
}

#[derive(Serialize)]
struct JsonVariant<'a> {
    platform: Platform,
    digest: Digest,
    verdict: Verdict,
    findings: Vec<JsonFinding<'a>>,
    runs: Vec<JsonRun<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_run: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    obstacles: &'a [String],
}

#[derive(Serialize)]
pub(super) struct JsonFinding<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<JsonAccepted<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase", tag = "as")]
enum JsonAccepted<'a> {
    Expected,
    Allowed { reason: &'a str },
}

#[derive(Serialize)]
struct JsonRun<'a> {
    runner: RunnerKind,
    execution: Execution,
    cpu: &'a CpuModel,
    #[serde(skip_serializing_if = "str::is_empty")]
    emulator: &'a str,
    command: &'a [String],
    end: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instruction: Option<&'a Instruction>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    foreign: &'a [String],
    stdout: &'a str,
    stderr: &'a str,
}

#[derive(Serialize)]
pub(super) struct JsonBlocked {
    stage: Stage,
    message: String,
    retry: Retry,
}

impl<'a> JsonSubject<'a> {
    fn new(report: &'a SubjectReport) -> Self {
        let empty = Self {
            subject: &report.subject,
            verdict: report.verdict(),
            digest: None,
            findings: Vec::new(),
            build: None,
            variants: Vec::new(),
            missed: Vec::new(),
            blocked: None,
        };
        match &report.outcome {
            Outcome::Blocked(blocked) => Self { blocked: Some(JsonBlocked::new(blocked)), ..empty },
            Outcome::Judged(judgement) => empty.with(judgement),
            Outcome::Linted(judgement) => Self {
                findings: findings(&judgement.findings),
                missed: judgement.missed.iter().map(ToString::to_string).collect(),
                ..empty
            },
        }
    }

    fn with(self, judgement: &'a Judgement) -> Self {
        let (digest, build) = match &judgement.judged {
            Whole::Image { digest, provenance: Provenance::Found } => (Some(*digest), None),
            Whole::Image { digest, provenance: Provenance::Built(trace) } => {
                (Some(*digest), Some(JsonBuild::new(trace, &[])))
            }
            Whole::Unbuilt(it) => (None, Some(JsonBuild::new(&it.trace, &it.failure.log))),
        };
        Self {
            digest,
            build,
            findings: findings(&judgement.findings),
            variants: judgement.variants.iter().map(JsonVariant::new).collect(),
            missed: judgement.missed.iter().map(ToString::to_string).collect(),
            ..self
        }
    }
}

impl<'a> JsonBuild<'a> {
    fn new(trace: &'a BuildTrace, log: &'a [String]) -> Self {
        let (basis, because) = match &trace.basis {
            Basis::Recorded => ("recorded", None),
            Basis::Claimed(why) => ("claimed", Some(why.as_str())),
        };
        let steps = trace.steps.iter().map(JsonStep::new).collect();
        let checks = match &trace.checks {
            BuilderChecks::Made(warnings) => JsonChecks::Warnings(warnings),
            BuilderChecks::NotMade(because) => JsonChecks::NotMade(because),
        };
        Self { dockerfile: &trace.recipe.name, basis, because, checks, steps, log }
    }
}

impl<'a> JsonStep<'a> {
    fn new(step: &'a BuildStep) -> Self {
        let (end, span, exit) = match &step.end {
            StepEnd::Done(span) => ("done", Some(span), None),
            StepEnd::Cached => ("cached", None, None),
            StepEnd::Failed { span, exit } => ("failed", Some(span), *exit),
            StepEnd::Cancelled => ("cancelled", None, None),
            StepEnd::NotReached => ("not-reached", None, None),
        };
        let work = match step.work {
            Work::Source => "source",
            Work::Files => "files",
            Work::Execution(_) | Work::Unplaced => "execution",
        };
        Self {
            lines: step.lines,
            stage: &step.stage,
            instruction: &step.instruction,
            platforms: &step.platforms,
            reach: step.reach,
            work,
            on: step.execution().map(|it| it.on),
            manner: step.execution().map(|it| it.manner),
            end,
            exit,
            start_ms: span.map(|it| it.start_ms),
            duration_ms: span.map(|it| it.duration_ms),
        }
    }
}

impl<'a> JsonVariant<'a> {
    fn new(variant: &'a VariantJudgement) -> Self {
        Self {
            platform: variant.platform,
            digest: variant.digest,
            verdict: variant.verdict,
            findings: findings(&variant.findings),
            runs: variant.runs.iter().map(JsonRun::new).collect(),
            not_run: variant.not_run.as_ref().map(ToString::to_string),
            obstacles: &variant.obstacles,
        }
    }
}

pub(super) fn findings(judged: &[Judged]) -> Vec<JsonFinding<'_>> {
    let accepted = |status| match status {
        &Status::Open => None,
        &Status::Expected => Some(JsonAccepted::Expected),
        Status::Allowed { reason } => Some(JsonAccepted::Allowed { reason }),
    };
    judged
        .iter()
        .map(|it| JsonFinding { finding: &it.finding, accepted: accepted(&it.status) })
        .collect()
}

impl<'a> JsonRun<'a> {
    fn new(run: &'a RunEvidence) -> Self {
        let (end, exit, signal) = match &run.end {
            RunEnd::Exited { code } => ("exited", Some(*code), None),
            RunEnd::Signalled { signal, .. } => ("signalled", None, Some(*signal)),
            RunEnd::TimedOut { .. } => ("timed-out", None, None),
            RunEnd::EmulatorMissing { .. } => ("emulator-missing", None, None),
            RunEnd::EmulatorFault { .. } => ("emulator-fault", None, None),
            RunEnd::SandboxFault { .. } => ("sandbox-fault", None, None),
            RunEnd::EngineFault { .. } => ("engine-fault", None, None),
        };
        Self {
            runner: run.runner,
            execution: run.execution,
            cpu: &run.cpu,
            emulator: &run.emulator,
            command: &run.command,
            end,
            exit,
            signal,
            instruction: run.instruction.as_ref(),
            foreign: &run.foreign,
            stdout: &run.stdout.text,
            stderr: &run.stderr.text,
        }
    }
}

impl JsonBlocked {
    pub(super) fn new(blocked: &Blocked) -> Self {
        Self { stage: blocked.stage, message: blocked.chain.join(": "), retry: blocked.retry }
    }
}
