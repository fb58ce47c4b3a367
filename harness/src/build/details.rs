//! From BuildKit's answer to an error that says whose fault it is.
//!
//! The gRPC code is always `Unknown`. What failed where comes as details of the status: JSON in
//! `google.rpc.Status`, see
//! [moby/buildkit, solver/errdefs](https://github.com/moby/buildkit/tree/master/solver/errdefs).
//! What kind of failure it is stands in the message alone.

use std::error::Error as _;
use std::path::Path;

use bollard_buildkit_proto::google::rpc;
use prost::Message;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tonic::Status;

use crate::event::StepPlatform;
use crate::platform::Platform;

use super::BuildPlan;
use super::error::{BuildErrorKind, FailedStep, SourceExcerpt};
use super::progress::{Step, Trace, printable};

/// The most lines of a Dockerfile that are shown: a heredoc may have hundreds.
const EXCERPT_LINES: u32 = 12;

/// Says why a solve failed.
pub(super) fn explain(status: &Status, plan: &BuildPlan, trace: &Trace<'_>) -> BuildErrorKind {
    let message = printable(status.message().as_bytes());
    // A status that was made here, from a broken connection, has a source; an answer has none.
    if status.source().is_some() || status.code() == tonic::Code::Unavailable {
        return BuildErrorKind::EngineLost { message };
    }
    let details = Details::of(status);
    let step = trace.culprit(details.vertex.as_deref());
    let message = step.and_then(Step::error).map_or(message, |it| printable(it.as_bytes()));
    let excerpt = details.excerpt(&plan.dockerfile);
    classify(message, excerpt, details.exit_code, step, plan)
}

fn classify(
    message: String,
    excerpt: SourceExcerpt,
    exit_code: Option<u32>,
    step: Option<&Step>,
    plan: &BuildPlan,
) -> BuildErrorKind {
    if message.contains("no space left on device") {
        return BuildErrorKind::OutOfDisk { message };
    }
    if message.starts_with("exporter ") && message.contains("could not be found") {
        return BuildErrorKind::ExporterMissing { message };
    }
    if let Some((base, reason)) = base_at_fault(&message) {
        if reason.contains("no match for platform") {
            let platforms = step.map_or_else(Vec::new, platforms_of);
            let platforms = if platforms.is_empty() { plan.platforms.clone() } else { platforms };
            return BuildErrorKind::BasePlatformMissing { base, platforms, excerpt };
        }
        return BuildErrorKind::BaseUnavailable { base, message: reason, excerpt };
    }
    match step {
        Some(step) if step.error().is_some() && !is_internal(step) => {
            BuildErrorKind::Step(Box::new(FailedStep {
                label: step.label.clone(),
                platforms: platforms_of(step),
                exit_code: exit_code.or_else(|| exit_code_in(&message)),
                message,
                excerpt,
                log: step.log(),
            }))
        }
        _ if !excerpt.lines.is_empty() || message.contains("dockerfile parse error") => {
            BuildErrorKind::Dockerfile { message, excerpt }
        }
        _ => BuildErrorKind::Refused { message },
    }
}

/// Steps that no instruction stands for.
fn is_internal(step: &Step) -> bool {
    step.label.stage.is_empty() || step.label.stage.split(' ').any(|word| word == "internal")
}

fn platforms_of(step: &Step) -> Vec<Platform> {
    match step.label.platform {
        StepPlatform::Unnamed => Vec::new(),
        StepPlatform::Of(platform) => vec![platform],
        StepPlatform::Cross { target, .. } => vec![target],
    }
}

/// The image that could not be resolved, and why.
fn base_at_fault(message: &str) -> Option<(String, String)> {
    let (_, rest) = message.split_once("failed to resolve source metadata for ")?;
    let (base, reason) = rest.split_once(": ")?;
    let again = format!("{base}: ");
    let reason = reason.strip_prefix(&again).unwrap_or(reason);
    Some((base.to_owned(), reason.to_owned()))
}

/// The exit status in the words of a step: `… did not complete successfully: exit code: 7`.
fn exit_code_in(message: &str) -> Option<u32> {
    let (_, code) = message.rsplit_once("exit code: ")?;
    code.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

/// What the details of a status say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Details {
    /// The digest of the step.
    vertex: Option<String>,
    exit_code: Option<u32>,
    /// First and last line in the Dockerfile, from 1.
    lines: Option<(u32, u32)>,
}

impl Details {
    fn of(status: &Status) -> Self {
        let mut details = Self::default();
        let Ok(status) = rpc::Status::decode(status.details()) else { return details };
        for detail in &status.details {
            let kind = detail.type_url.rsplit(['/', '.']).next().unwrap_or_default();
            match kind {
                "Vertex+json" => {
                    let vertex = json::<VertexJson>(&detail.value).map(|it| it.digest);
                    details.vertex = details.vertex.or(vertex);
                }
                "ExitMessage+json" => {
                    let code = json::<ExitJson>(&detail.value).map(|it| it.code);
                    details.exit_code = details.exit_code.or(code);
                }
                "Source+json" => {
                    let lines = json::<SourceJson>(&detail.value).and_then(|it| it.lines());
                    details.lines = details.lines.or(lines);
                }
                _ => {}
            }
        }
        details
    }

    fn excerpt(&self, dockerfile: &Path) -> SourceExcerpt {
        let Some((first, last)) = self.lines else { return SourceExcerpt::default() };
        let Ok(text) = std::fs::read(dockerfile) else { return SourceExcerpt::default() };
        excerpt(dockerfile, &text, first, last)
    }
}

fn excerpt(dockerfile: &Path, text: &[u8], first: u32, last: u32) -> SourceExcerpt {
    let last = last.clamp(first, first.saturating_add(EXCERPT_LINES - 1));
    let lines = (1..=last)
        .zip(text.split(|byte| *byte == b'\n'))
        .filter(|(number, _)| *number >= first)
        .map(|(_, line)| printable(line))
        .collect();
    SourceExcerpt { dockerfile: dockerfile.to_owned(), first, lines }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// `errdefs.Vertex`.
#[derive(Deserialize)]
struct VertexJson {
    digest: String,
}

/// `gatewayapi.ExitMessage`; its name in JSON varies with the generator.
#[derive(Deserialize)]
struct ExitJson {
    #[serde(rename = "Code", alias = "code")]
    code: u32,
}

/// `errdefs.Source`.
#[derive(Deserialize)]
struct SourceJson {
    #[serde(default)]
    ranges: Vec<RangeJson>,
}

#[derive(Deserialize)]
struct RangeJson {
    start: PositionJson,
    end: PositionJson,
}

#[derive(Deserialize)]
struct PositionJson {
    #[serde(default)]
    line: u32,
}

impl SourceJson {
    fn lines(&self) -> Option<(u32, u32)> {
        let first = self.ranges.iter().map(|it| it.start.line).min().filter(|it| *it > 0)?;
        let last = self.ranges.iter().map(|it| it.end.line).max()?;
        Some((first, last.max(first)))
    }
}
