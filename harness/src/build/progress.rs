//! What BuildKit says while it works, for those who wait and for the error at the end.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex};

use crate::event::{Event, Events, StepLabel, StepPlatform, StepState};
use crate::platform::Platform;
use crate::text;

/// The lines of a step's log that are kept for its failure.
const LOG_LINES: usize = 20;

/// The bytes of one line of a log that are kept.
const LINE_BYTES: usize = 2 << 10;

/// The steps of a build as far as they are known.
pub(super) struct Trace<'a> {
    events: &'a Events,
    steps: HashMap<String, Step>,
    /// The digests of failed steps, in the order in which they failed.
    failed: Vec<String>,
}

/// One step, a vertex in BuildKit's words.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) label: StepLabel,
    /// The digests of the steps that it depends on.
    pub(super) inputs: Vec<String>,
    pub(super) state: Option<StepState>,
    pub(super) work: WorkTime,
    log: LogTail,
}

/// When a step worked, in nanoseconds of BuildKit's clock: it may begin several times, as when it
/// looks for its result in the cache and then makes it.
#[derive(Debug, Default)]
pub(super) struct WorkTime(BTreeMap<i128, i128>);

/// The last lines of a log.
#[derive(Debug, Default)]
struct LogTail {
    lines: VecDeque<Vec<u8>>,
    /// The last line has not been ended yet.
    is_open: bool,
}

impl<'a> Trace<'a> {
    pub(super) fn new(events: &'a Events) -> Self {
        Self { events, steps: HashMap::new(), failed: Vec::new() }
    }

    /// Takes in a message and tells what is new in it.
    pub(super) fn take(&mut self, message: StatusResponse) {
        for vertex in message.vertexes {
            self.take_vertex(&vertex);
        }
        for log in message.logs {
            if let Some(step) = self.steps.get_mut(&log.vertex) {
                step.log.append(&log.msg);
            }
            self.events.send(Event::StepLog { id: log.vertex, data: log.msg });
        }
    }

    fn take_vertex(&mut self, vertex: &Vertex) {
        let step = self.steps.entry(vertex.digest.clone()).or_insert_with(|| Step {
            label: parse_label(&vertex.name),
            inputs: vertex.inputs.clone(),
            state: None,
            work: WorkTime::default(),
            log: LogTail::default(),
        });
        step.work.take(vertex);
        let state = state(vertex);
        if state.is_none() || step.state == state {
            return;
        }
        step.state.clone_from(&state);
        if let Some(state) = state {
            if matches!(state, StepState::Failed { .. }) {
                self.failed.push(vertex.digest.clone());
            }
            let (id, label) = (vertex.digest.clone(), step.label.clone());
            self.events.send(Event::Step { id, label, state });
        }
    }

    /// All steps, by their digests.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&str, &Step)> {
        self.steps.iter().map(|(digest, step)| (digest.as_str(), step))
    }

    /// The step that made the build fail: the one that BuildKit names, unless that was merely
    /// cancelled when another failed.
    pub(super) fn culprit(&self, named: Option<&str>) -> Option<&Step> {
        let failed = self.failed.iter().filter_map(|it| self.steps.get(it));
        let named = named.and_then(|it| self.steps.get(it)).into_iter();
        let mut candidates = named.clone().chain(failed);
        candidates.find(|it| it.is_at_fault()).or_else(|| named.into_iter().next())
    }
}

impl Step {
    /// What the step failed with, in BuildKit's words.
    pub(super) fn error(&self) -> Option<&str> {
        match &self.state {
            Some(StepState::Failed { error }) => Some(error),
            _ => None,
        }
    }

    fn is_at_fault(&self) -> bool {
        self.error().is_some_and(|it| !is_cancellation(it))
    }

    /// Whether an instruction of the Dockerfile stands for it. `COPY --link` comes as two steps, of
    /// which the second, `LINK COPY`, only puts layers together.
    pub(super) fn is_of_dockerfile(&self) -> bool {
        let StepLabel { stage, instruction, .. } = &self.label;
        let is_internal = stage.is_empty() || stage.split(' ').any(|word| word == "internal");
        !is_internal && !instruction.starts_with("LINK ")
    }

    /// The name of the stage, without the step's number; empty where the stage has none.
    pub(super) fn stage(&self) -> &str {
        let stage = self.label.stage.as_str();
        let (name, number) = stage.rsplit_once(' ').unwrap_or(("", stage));
        let is_number = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
        match number.split_once('/') {
            Some((one, all)) if is_number(one) && is_number(all) => name.trim_end(),
            _ => stage,
        }
    }

    /// The first word of its instruction.
    pub(super) fn keyword(&self) -> &str {
        let instruction = self.label.instruction.as_str();
        let instruction = instruction.strip_prefix("ONBUILD ").unwrap_or(instruction);
        instruction.split(' ').next().unwrap_or_default()
    }

    /// The end of the log, printable.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.lines.iter().map(|it| printable(it)).collect()
    }
}

impl WorkTime {
    fn take(&mut self, vertex: &Vertex) {
        let nanos = |it: &Timestamp| i128::from(it.seconds) * 1_000_000_000 + i128::from(it.nanos);
        if let Some(start) = vertex.started.as_ref().map(nanos) {
            let end = vertex.completed.as_ref().map_or(start, nanos);
            let known = self.0.entry(start).or_insert(end);
            *known = end.max(*known);
        }
    }

    /// When it first began.
    pub(super) fn start(&self) -> Option<i128> {
        self.0.keys().next().copied()
    }

    /// How long it worked, counting no time twice.
    pub(super) fn total(&self) -> i128 {
        let mut total = 0;
        let mut counted = i128::MIN;
        for (start, end) in &self.0 {
            let start = (*start).max(counted);
            total += (*end - start).max(0);
            counted = counted.max(*end);
        }
        total
    }
}

impl LogTail {
    fn append(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|it| *it == b'\n') {
            if !self.is_open {
                self.lines.push_back(Vec::new());
            }
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            self.is_open = text.len() == piece.len();
            if let Some(line) = self.lines.back_mut() {
                let room = LINE_BYTES.saturating_sub(line.len());
                line.extend(text.iter().take(room));
            }
            if self.lines.len() > LOG_LINES {
                self.lines.pop_front();
            }
        }
    }
}

/// Whether a step ended because another one failed.
pub(super) fn is_cancellation(error: &str) -> bool {
    error.contains("context canceled")
}

/// The exit status in the words of a step: `… did not complete successfully: exit code: 7`.
pub(super) fn exit_code_in(message: &str) -> Option<u32> {
    let (_, code) = message.rsplit_once("exit code: ")?;
    code.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

fn state(vertex: &Vertex) -> Option<StepState> {
    if !vertex.error.is_empty() {
        return Some(StepState::Failed { error: vertex.error.clone() });
    }
    match (vertex.cached, &vertex.completed, &vertex.started) {
        (true, ..) => Some(StepState::Cached),
        (false, Some(_), _) => Some(StepState::Completed),
        (false, None, Some(_)) => Some(StepState::Started),
        (false, None, None) => None,
    }
}

/// A line that a program said, printable. The `\r` at its end is none of it.
pub(super) fn printable(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|it| *it != b'\r').map_or(0, |it| it + 1);
    text::printable(&bytes[..end]).replace('\n', "\\n")
}

/// Takes the name of a step apart: `[linux/amd64->arm64 builder 4/5] RUN make`, where every part
/// but the last may be missing.
pub(super) fn parse_label(name: &str) -> StepLabel {
    let whole = || StepLabel {
        platform: StepPlatform::Unnamed,
        stage: String::new(),
        instruction: name.to_owned(),
    };
    let Some((bracket, instruction)) = name.strip_prefix('[').and_then(|it| it.split_once("] "))
    else {
        return whole();
    };
    let mut words: Vec<&str> = bracket.split_whitespace().collect();
    let platform = words.first().and_then(|word| parse_step_platform(word));
    if platform.is_some() {
        words.remove(0);
    }
    StepLabel {
        platform: platform.unwrap_or(StepPlatform::Unnamed),
        stage: words.join(" "),
        instruction: instruction.to_owned(),
    }
}

/// Reads `linux/arm64` and `linux/amd64->arm/v7`; a target's system is written when it differs.
fn parse_step_platform(word: &str) -> Option<StepPlatform> {
    let parse = |text: &str| text.contains('/').then(|| text.parse::<Platform>().ok()).flatten();
    let Some((on, target)) = word.split_once("->") else {
        return parse(word).map(StepPlatform::Of);
    };
    let on = parse(on)?;
    let target = parse(&format!("linux/{target}")).or_else(|| parse(target))?;
    Some(StepPlatform::Cross { on, target })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(platform: &str) -> StepPlatform {
        StepPlatform::Of(platform.parse().expect("a platform"))
    }

    fn cross(on: &str, target: &str) -> StepPlatform {
        let parse = |it: &str| it.parse().expect("a platform");
        StepPlatform::Cross { on: parse(on), target: parse(target) }
    }

    #[test]
    fn names_of_steps_are_taken_apart() {
        let unnamed = StepPlatform::Unnamed;
        for (name, platform, stage, instruction) in [
            (
                "[linux/amd64 builder 4/5] RUN go mod download",
                of("linux/amd64"),
                "builder 4/5",
                "RUN go mod download",
            ),
            (
                "[linux/amd64->arm64 builder 5/5] RUN GOOS=linux GOARCH=arm64 go build",
                cross("linux/amd64", "linux/arm64"),
                "builder 5/5",
                "RUN GOOS=linux GOARCH=arm64 go build",
            ),
            (
                "[linux/amd64->arm/v6 builder  5/12] RUN x",
                cross("linux/amd64", "linux/arm/v6"),
                "builder 5/12",
                "RUN x",
            ),
            (
                "[linux/arm64 1/3] RUN [\"/app/tool\",\"--help\"]",
                of("linux/arm64"),
                "1/3",
                "RUN [\"/app/tool\",\"--help\"]",
            ),
            ("[emu 2/4] RUN [\"/x\"]", unnamed, "emu 2/4", "RUN [\"/x\"]"),
            (
                "[context base] docker.io/library/s:t",
                unnamed,
                "context base",
                "docker.io/library/s:t",
            ),
            ("[internal] load .dockerignore", unnamed, "internal", "load .dockerignore"),
            (
                "[linux/arm/v7 internal] load metadata for docker.io/library/golang:latest",
                of("linux/arm/v7"),
                "internal",
                "load metadata for docker.io/library/golang:latest",
            ),
            ("exporting to oci image format", unnamed, "", "exporting to oci image format"),
            ("[1/1] COPY a[0] b", unnamed, "1/1", "COPY a[0] b"),
            ("[linux/bogus x 1/1] RUN y", unnamed, "linux/bogus x 1/1", "RUN y"),
            ("[unclosed", unnamed, "", "[unclosed"),
        ] {
            let label = parse_label(name);
            assert_eq!(label.platform, platform, "{name}");
            assert_eq!(label.stage, stage, "{name}");
            assert_eq!(label.instruction, instruction, "{name}");
        }
    }

    #[test]
    fn the_end_of_a_log_is_kept_line_by_line() {
        let mut log = LogTail::default();
        log.append(b"a");
        log.append(b"b\nc\n");
        log.append(b"\n");
        assert_eq!(log.lines, [b"ab".to_vec(), b"c".to_vec(), Vec::new()]);
        for number in 0..100 {
            log.append(format!("{number}\n").as_bytes());
        }
        assert_eq!(log.lines.len(), LOG_LINES);
        assert_eq!(log.lines.back(), Some(&b"99".to_vec()));
        log.append(&[b'x'; 3 * LINE_BYTES]);
        assert_eq!(log.lines.back().map(Vec::len), Some(LINE_BYTES));
    }

    #[test]
    fn a_log_cannot_drive_the_terminal() {
        let bytes = b"\x1b[31mred\x07\tok \xff\r";
        assert_eq!(printable(bytes), "\\u{1b}[31mred\\u{7}\tok \\xff");
    }

    #[test]
    fn the_culprit_is_not_one_that_was_cancelled() {
        let events = Events::ignored();
        let mut trace = Trace::new(&events);
        let vertex = |digest: &str, error: &str| Vertex {
            digest: digest.to_owned(),
            name: format!("[{digest} 1/1] RUN x"),
            error: error.to_owned(),
            ..Vertex::default()
        };
        let cancelled = "process \"x\" did not complete: context canceled: context canceled";
        trace.take(StatusResponse {
            vertexes: vec![vertex("a", cancelled), vertex("b", "exit code: 7"), vertex("c", "")],
            ..StatusResponse::default()
        });
        let culprit = |named| trace.culprit(named).map(|it| it.label.stage.as_str());
        assert_eq!(culprit(Some("a")), Some("b 1/1"));
        assert_eq!(culprit(None), Some("b 1/1"));
        assert_eq!(culprit(Some("unknown")), Some("b 1/1"));
    }
}
