//! The JSON report. Its schema is `docs/report.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Blocked, Outcome, Retry, Stage, SubjectReport, overall};
use crate::check::Finding;
use crate::emulator::CpuModel;
use crate::oci::Digest;
use crate::platform::Platform;
use crate::run::{Execution, Instruction, RunEnd, RunEvidence, RunnerKind};
use crate::verdict::{Judged, Judgement, Standing, VariantJudgement, Verdict};

/// The version of the contract.
const SCHEMA: u32 = 1;

/// Writes one document for all subjects.
///
/// # Errors
///
/// The writer's.
pub fn write_json(reports: &[SubjectReport], to: &mut dyn Write) -> io::Result<()> {
    let subjects = reports.iter().map(JsonSubject::of).collect();
    let document = JsonReport { schema: SCHEMA, verdict: overall(reports), subjects };
    serde_json::to_writer_pretty(&mut *to, &document)?;
    writeln!(to)
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: u32,
    verdict: Verdict,
    subjects: Vec<JsonSubject<'a>>,
}

#[derive(Serialize)]
struct JsonSubject<'a> {
    subject: &'a str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    findings: Vec<JsonFinding<'a>>,
    variants: Vec<JsonVariant<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<JsonBlocked>,
}

#[derive(Serialize)]
struct JsonVariant<'a> {
    platform: Platform,
    digest: Digest,
    verdict: Verdict,
    findings: Vec<JsonFinding<'a>>,
    runs: Vec<JsonRun<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    obstacles: &'a [String],
}

#[derive(Serialize)]
struct JsonFinding<'a> {
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
    fn of(report: &'a SubjectReport) -> Self {
        let empty = Self {
            subject: &report.subject,
            verdict: report.verdict(),
            digest: None,
            findings: Vec::new(),
            variants: Vec::new(),
            missed: Vec::new(),
            blocked: None,
        };
        match &report.outcome {
            Outcome::Blocked(blocked) => Self { blocked: Some(JsonBlocked::of(blocked)), ..empty },
            Outcome::Judged(judgement) => empty.with(judgement),
        }
    }

    fn with(self, judgement: &'a Judgement) -> Self {
        Self {
            digest: Some(judgement.digest),
            findings: findings(&judgement.findings),
            variants: judgement.variants.iter().map(JsonVariant::of).collect(),
            missed: judgement.missed.iter().map(ToString::to_string).collect(),
            ..self
        }
    }
}

impl<'a> JsonVariant<'a> {
    fn of(variant: &'a VariantJudgement) -> Self {
        Self {
            platform: variant.platform,
            digest: variant.digest,
            verdict: variant.verdict,
            findings: findings(&variant.findings),
            runs: variant.runs.iter().map(JsonRun::of).collect(),
            obstacles: &variant.obstacles,
        }
    }
}

fn findings(judged: &[Judged]) -> Vec<JsonFinding<'_>> {
    let accepted = |standing| match standing {
        &Standing::Open => None,
        &Standing::Expected => Some(JsonAccepted::Expected),
        Standing::Allowed { reason } => Some(JsonAccepted::Allowed { reason }),
    };
    judged
        .iter()
        .map(|it| JsonFinding { finding: &it.finding, accepted: accepted(&it.standing) })
        .collect()
}

impl<'a> JsonRun<'a> {
    fn of(run: &'a RunEvidence) -> Self {
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
    pub(super) fn of(blocked: &Blocked) -> Self {
        Self { stage: blocked.stage, message: blocked.chain.join(": "), retry: blocked.retry }
    }
}
