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

use super::error::{BuildErrorKind, Emulation, FailedStep, SourceExcerpt};
use super::plan::BuildPlan;
use super::progress::{Step, Trace, exit_code_in, is_cancellation, printable};
use crate::evidence::build::Lines;

/// The most lines of a Dockerfile that are shown: a heredoc may have hundreds.
const EXCERPT_LINES: u32 = 12;

/// Says why a solve failed.
pub(super) fn explain(status: &Status, plan: &BuildPlan, trace: &Trace<'_>) -> BuildErrorKind {
    // A status that was made here, from a broken connection, has a source; an answer has none.
    if status.source().is_some() || status.code() == tonic::Code::Unavailable {
        return BuildErrorKind::EngineLost { message: root_cause(status) };
    }
    let details = Details::of(status);
    let step = trace.culprit(details.vertex.as_deref());
    // When one platform fails, the others are cancelled, and their word may come first.
    let message = match step.and_then(|it| it.error()) {
        Some(error) if is_cancellation(status.message()) => error,
        _ => status.message(),
    };
    let failure = Failure {
        message: printable(message.as_bytes()),
        exit_code: details.exit_code,
        excerpt: details.excerpt(&plan.dockerfile),
        step,
        plan,
    };
    failure.kind()
}

/// Whether a failed step misses an emulator, on an engine that executes some platforms.
pub(super) fn emulation(step: &FailedStep, plan: &BuildPlan, executed: &[Platform]) -> Emulation {
    let is_executed = |it: &Platform| {
        executed.iter().any(|other| other.architecture_name() == it.architecture_name())
    };
    let is_executed = match &step.label.platform {
        StepPlatform::Of(platform) | StepPlatform::Cross { on: platform, .. } => {
            is_executed(platform)
        }
        // Of any of them.
        StepPlatform::Unnamed => plan.platforms.iter().all(is_executed),
    };
    if step.has_format_error() && !is_executed { Emulation::Missing } else { Emulation::NotMissed }
}

/// The lines of the Dockerfile that a status names.
pub(super) fn lines(status: &Status) -> Option<Lines> {
    Details::of(status).lines.map(|(first, last)| Lines { first, last })
}

/// What is known of a failure.
struct Failure<'a> {
    message: String,
    exit_code: Option<u32>,
    excerpt: SourceExcerpt,
    step: Option<&'a Step>,
    plan: &'a BuildPlan,
}

impl Failure<'_> {
    fn kind(self) -> BuildErrorKind {
        let Self { message, excerpt, .. } = &self;
        if message.contains("no space left on device") {
            return BuildErrorKind::OutOfDisk { message: self.message };
        }
        if message.contains("exporter \"") && message.contains("could not be found") {
            return BuildErrorKind::ExporterMissing { message: self.message };
        }
        if let Some((base, reason)) = base_at_fault(message) {
            return self.base(base, reason);
        }
        let has_step = self.step.is_some_and(|it| it.error().is_some() && it.is_of_dockerfile());
        if has_step {
            return self.step();
        }
        if excerpt.first_line().is_some() || message.contains("dockerfile parse error") {
            return BuildErrorKind::Dockerfile { message: self.message, excerpt: self.excerpt };
        }
        BuildErrorKind::Refused { message: self.message }
    }

    fn base(self, base: String, message: String) -> BuildErrorKind {
        let excerpt = self.excerpt.clone();
        if message.contains("no match for platform") {
            let platforms = self.platforms();
            let platforms =
                if platforms.is_empty() { self.plan.platforms.clone() } else { platforms };
            return BuildErrorKind::BasePlatformMissing { base, platforms, excerpt };
        }
        if is_denied(&message) {
            return BuildErrorKind::BaseDenied { base, message, excerpt };
        }
        let is_unknown = [": not found", "pull access denied", "authorization failed"];
        if is_unknown.iter().any(|it| format!(": {message}").contains(it)) {
            return BuildErrorKind::BaseUnknown { base, message, excerpt };
        }
        BuildErrorKind::BaseUnavailable { base, message, excerpt }
    }

    fn step(self) -> BuildErrorKind {
        let Some(step) = self.step else {
            return BuildErrorKind::Refused { message: self.message };
        };
        let message = step.error().map_or(self.message.as_str(), without_reference);
        BuildErrorKind::Step(Box::new(FailedStep {
            label: step.label.clone(),
            platforms: self.platforms(),
            exit_code: self.exit_code.or_else(|| exit_code_in(message)),
            message: printable(message.as_bytes()),
            excerpt: self.excerpt,
            log: step.log(),
            emulation: Emulation::NotMissed,
        }))
    }

    /// The platforms of the step: what its name says, or the only one there is.
    fn platforms(&self) -> Vec<Platform> {
        match self.step.map(|it| it.label.platform) {
            Some(StepPlatform::Of(platform)) => vec![platform],
            Some(StepPlatform::Cross { target, .. }) => vec![target],
            Some(StepPlatform::Unnamed) | None => match self.plan.platforms.as_slice() {
                [only] => vec![*only],
                _ => Vec::new(),
            },
        }
    }
}

/// The innermost cause: the outer ones say `transport error`.
fn root_cause(status: &Status) -> String {
    let mut cause: &dyn std::error::Error = status;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match status.source() {
        Some(_) => cause.to_string(),
        None => printable(status.message().as_bytes()),
    }
}

/// Leaves out BuildKit's name of a snapshot, which differs in every build:
/// `failed to calculate checksum of ref abc::def: "/nosuch": not found`.
fn without_reference(message: &str) -> &str {
    message
        .split_once("failed to calculate checksum of ref ")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map_or(message, |(_, reason)| reason)
}

/// Whether a registry wants a login, or another one. Docker Hub says `insufficient_scope` of what
/// does not exist, too, so that is left to be an unknown image.
fn is_denied(message: &str) -> bool {
    let denials = [
        "no basic auth credentials",
        "401 Unauthorized",
        "403 Forbidden",
        "failed to fetch anonymous token",
        "failed to fetch oauth token",
        "unauthorized: ",
    ];
    denials.iter().any(|it| message.contains(it)) && !message.contains("insufficient_scope")
}

/// The image that could not be resolved, and why.
fn base_at_fault(message: &str) -> Option<(String, String)> {
    let (_, rest) = message.rsplit_once("failed to resolve source metadata for ")?;
    let (base, reason) = rest.split_once(": ")?;
    let again = format!("{base}: ");
    let reason = reason.strip_prefix(&again).unwrap_or(reason);
    Some((base.to_owned(), reason.to_owned()))
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use bollard_buildkit_proto::google::protobuf::Any;
    use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
    use tonic::Code;

    use super::*;
    use crate::event::Events;

    const DIGEST: &str = "sha256:1";

    fn plan(platforms: &[&str]) -> BuildPlan {
        let platforms = platforms.iter().map(|it| it.parse().expect("a platform")).collect();
        BuildPlan::new(PathBuf::from("Dockerfile"), PathBuf::from("."), platforms)
    }

    /// A trace of failed steps: digest, name, error.
    fn explained(message: &str, steps: &[(&str, &str, &str)]) -> BuildErrorKind {
        let events = Events::ignored();
        let mut trace = Trace::new(&events);
        let vertexes = steps.iter().map(|(digest, name, error)| Vertex {
            digest: (*digest).to_owned(),
            name: (*name).to_owned(),
            error: (*error).to_owned(),
            ..Vertex::default()
        });
        let log = VertexLog {
            vertex: DIGEST.to_owned(),
            msg: b"boom\n".to_vec(),
            ..VertexLog::default()
        };
        trace.take(StatusResponse {
            vertexes: vertexes.collect(),
            logs: vec![log],
            ..StatusResponse::default()
        });
        explain(&status(message), &plan(&["linux/amd64", "linux/arm64"]), &trace)
    }

    fn status(message: &str) -> Status {
        let detail = |kind: &str, json: &str| Any {
            type_url: format!("github.com/moby/buildkit/{kind}+json"),
            value: json.as_bytes().to_vec(),
        };
        let details = rpc::Status {
            details: vec![
                detail("stack.Stack", "{}"),
                detail("solver.errdefs.Vertex", r#"{"digest":"sha256:1"}"#),
                detail("errdefs.Source", r#"{"ranges":[{"start":{"line":2},"end":{"line":3}}]}"#),
            ],
            ..rpc::Status::default()
        };
        Status::with_details(Code::Unknown, message, details.encode_to_vec().into())
    }

    #[test]
    fn details_are_decoded() {
        let details = Details::of(&status("x"));
        let expected =
            Details { vertex: Some(DIGEST.to_owned()), exit_code: None, lines: Some((2, 3)) };
        assert_eq!(details, expected);
    }

    #[test]
    fn a_failed_step_is_named_with_all_that_is_known() {
        let error = "process \"/bin/sh -c false\" did not complete successfully: exit code: 7";
        let name = "[linux/arm64 stage-1 2/3] RUN false";
        let BuildErrorKind::Step(step) = explained(error, &[(DIGEST, name, error)]) else {
            panic!("it is a step");
        };
        assert_eq!(step.exit_code(), Some(7));
        assert_eq!(step.platforms(), ["linux/arm64".parse().expect("a platform")]);
        assert_eq!(step.log(), ["boom"]);
        let text = step.to_string();
        assert!(text.starts_with("`RUN false` for linux/arm64 ended with exit status 7"), "{text}");
    }

    #[test]
    fn the_step_that_failed_is_named_not_one_that_was_cancelled() {
        let cancelled = "process \"x\" did not complete successfully: context canceled";
        let failed = "process \"x\" did not complete successfully: exit code: 3";
        let kind = explained(
            cancelled,
            &[
                (DIGEST, "[linux/amd64 1/1] RUN x", cancelled),
                ("sha256:2", "[linux/arm64 1/1] RUN x", failed),
            ],
        );
        let text = kind.to_string();
        assert!(text.starts_with("`RUN x` for linux/arm64 ended with exit status 3"), "{text}");
    }

    #[test]
    fn failures_are_told_apart_by_buildkits_words() {
        let base = "docker.io/library/b:1: failed to resolve source metadata for \
                    docker.io/library/b:1: ";
        let load = "[linux/arm64 internal] load metadata for docker.io/library/b:1";
        for (message, expected) in [
            (
                format!("{base}no match for platform in manifest: not found"),
                "the base image docker.io/library/b:1 does not exist for linux/arm64",
            ),
            (
                format!("{base}docker.io/library/b:1: not found"),
                "the base image docker.io/library/b:1 does not exist: not found",
            ),
            (
                format!("{base}failed to do request: Head: dial tcp: no such host"),
                "the base image docker.io/library/b:1 cannot be fetched: failed to do request",
            ),
            (
                format!(
                    "{base}pull access denied, repository does not exist or may require \
                         authorization: authorization failed: no basic auth credentials"
                ),
                "cannot pull the base image docker.io/library/b:1: docker.io denies access. Log in \
                 with `docker login`, or check the name (pull access denied",
            ),
            (
                format!(
                    "{base}pull access denied, repository does not exist or may require \
                         authorization: server message: insufficient_scope: authorization failed"
                ),
                "the base image docker.io/library/b:1 does not exist: pull access denied",
            ),
            (
                "write /x: no space left on device".to_owned(),
                "the engine has no space left on its disk",
            ),
            (
                "exporter \"oci\" could not be found".to_owned(),
                "the engine cannot export an OCI layout",
            ),
            ("something new".to_owned(), "something new"),
        ] {
            let kind = explained(&message, &[(DIGEST, load, &message)]);
            let text = kind.to_string();
            assert!(text.starts_with(expected), "{message}: {text}");
        }
    }

    #[test]
    fn names_of_snapshots_are_left_out() {
        let message = "failed to compute cache key: failed to calculate checksum of ref a::b: \
                       \"/nosuch\": not found";
        assert_eq!(without_reference(message), "\"/nosuch\": not found");
        assert_eq!(without_reference("x: y"), "x: y");
    }

    #[test]
    fn lines_are_cut_out_of_the_dockerfile() {
        let text = b"FROM x\nRUN a \\\n  b\nRUN c\n";
        let shown = excerpt(Path::new("D"), text, 2, 3).to_string();
        assert_eq!(shown, "\nD:2\n  2 | RUN a \\\n  3 |   b");
        assert_eq!(excerpt(Path::new("D"), text, 9, 9).to_string(), "");
        let long = b"x\n".repeat(100);
        assert_eq!(excerpt(Path::new("D"), &long, 1, 100).lines.len(), EXCERPT_LINES as usize);
    }
}
