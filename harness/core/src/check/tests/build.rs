//! What a build did.

use super::{Case, Rule, caught, silent};
use crate::check::{EmulatedSteps, TraceExpectation};
use crate::evidence::build::{
    Basis, BuildFailure, BuildStep, BuildTrace, BuilderChecks, Execution, FailedPart, Lines,
    Manner, Provenance, Reach, Span, StepEnd, StepFault, Unbuilt, Work,
};
use crate::fixture::{Image, Variant, recipe};
use crate::oci::Digest;
use crate::platform::Platform;

pub(super) fn cases() -> Vec<Case> {
    [failed(), emulated(), shared()].into_iter().flatten().collect()
}

fn platforms(names: &[&str]) -> Vec<Platform> {
    names.iter().map(|it| it.parse().expect("a platform")).collect()
}

/// A step on line 2 of the stage `builder`, executed on a platform for others in 41.2 seconds.
fn run(instruction: &str, on: &str, purpose: &[&str]) -> BuildStep {
    let (engine, on) =
        ("linux/amd64".parse().expect("a platform"), on.parse().expect("a platform"));
    let platforms = platforms(purpose);
    let likeness = Digest::of(format!("{instruction} {platforms:?}").as_bytes());
    let manner = Manner::of(engine, on, &platforms);
    BuildStep {
        lines: Some(Lines { first: 2, last: 2 }),
        stage: "builder".to_owned(),
        instruction: instruction.to_owned(),
        platforms,
        reach: Reach::Builder,
        work: Work::Execution(Execution { on, manner, likeness }),
        end: StepEnd::Done(Span { start_ms: 0, duration_ms: 41_200 }),
    }
}

/// The same as what other steps do.
fn like(step: BuildStep, what: &str) -> BuildStep {
    let execution = step.execution().expect("an execution").clone();
    let execution = Execution { likeness: Digest::of(what.as_bytes()), ..execution };
    BuildStep { work: Work::Execution(execution), ..step }
}

fn in_image(step: BuildStep) -> BuildStep {
    BuildStep { reach: Reach::Image, stage: "stage-1".to_owned(), ..step }
}

fn base() -> BuildStep {
    BuildStep {
        lines: Some(Lines { first: 1, last: 1 }),
        work: Work::Source,
        ..run("FROM golang AS builder", "linux/arm64", &["linux/arm64"])
    }
}

fn trace(steps: Vec<BuildStep>) -> BuildTrace {
    BuildTrace {
        recipe: recipe("", &[]),
        checks: BuilderChecks::default(),
        basis: Basis::Recorded,
        steps,
    }
}

fn image() -> Image {
    Image::of([Variant::healthy("linux/amd64"), Variant::healthy("linux/arm64")])
}

impl Case {
    fn made_by(self, steps: Vec<BuildStep>) -> Self {
        Self { provenance: Provenance::Built(trace(steps)), ..self }
    }

    fn with_trace(self, trace: TraceExpectation) -> Self {
        let expectations = super::Expectations { trace, ..self.expectations };
        Self { expectations, ..self }
    }

    fn sharing(self, part: &str) -> Self {
        let shared = vec![part.to_owned()];
        self.with_trace(TraceExpectation { shared, ..TraceExpectation::default() })
    }

    fn emulating(self, most: usize) -> Self {
        let emulated = EmulatedSteps::AtMost(most);
        self.with_trace(TraceExpectation { emulated, ..TraceExpectation::default() })
    }

    fn unbuilt(self, part: FailedPart, log: &[&str]) -> Self {
        let failure = BuildFailure {
            part,
            lines: Some(Lines { first: 2, last: 2 }),
            source: Vec::new(),
            log: log.iter().map(|&it| it.to_owned()).collect(),
        };
        let requested = platforms(&["linux/amd64", "linux/arm64"]);
        let basis = Basis::Claimed("BuildKit keeps no record of a build that fails".to_owned());
        let trace = BuildTrace { basis, ..trace(Vec::new()) };
        Self { unbuilt: Some(Unbuilt { requested, trace, failure }), ..self }
    }
}

fn failed() -> Vec<Case> {
    use Rule::BuildFailed as Failed;
    let found: &[&str] = &["error - 2:1"];
    let step = |instruction: &str, code| FailedPart::Step {
        instruction: instruction.to_owned(),
        platforms: platforms(&["linux/arm64"]),
        fault: StepFault::Exited(code),
    };
    vec![
        caught(Failed, "a compiler that is killed", image(), found)
            .unbuilt(step("RUN cargo build --release", 137), &["Compiling tool", ""]),
        caught(Failed, "a check that fails", image(), found)
            .unbuilt(step("RUN go vet ./...", 1), &[]),
        caught(Failed, "a file that is not there", image(), found).unbuilt(
            FailedPart::Step {
                instruction: "COPY nothing /".to_owned(),
                platforms: Vec::new(),
                fault: StepFault::Other("\"/nothing\": not found".to_owned()),
            },
            &[],
        ),
        caught(Failed, "an instruction that does not exist", image(), found).unbuilt(
            FailedPart::Dockerfile {
                message: "dockerfile parse error on line 2: unknown instruction: COPPY".to_owned(),
            },
            &[],
        ),
        caught(Failed, "a base that lacks a platform", image(), found).unbuilt(
            FailedPart::BasePlatformMissing {
                base: "docker.io/library/busybox:latest".to_owned(),
                platforms: platforms(&["linux/loong64"]),
            },
            &[],
        ),
        silent(Failed, "a build that went well", image()).made_by(vec![run(
            "RUN go vet ./...",
            "linux/amd64",
            &["linux/amd64", "linux/arm64"],
        )]),
    ]
}

fn emulated() -> Vec<Case> {
    use Rule::BuildStepEmulated as Emulated;
    let compiler = || run("RUN go build -o /out/tool", "linux/arm64", &["linux/arm64"]);
    let install = || in_image(run("RUN apk add --no-cache curl", "linux/arm64", &["linux/arm64"]));
    let both = &["linux/amd64", "linux/arm64"];
    vec![
        caught(Emulated, "a compiler", image(), &["warning linux/arm64 2:1"])
            .made_by(vec![base(), compiler()]),
        caught(
            Emulated,
            "a compiler in the image's own stage",
            image(),
            &["warning linux/arm64 2:1"],
        )
        .made_by(vec![in_image(compiler())]),
        caught(Emulated, "packages in the image, cached", image(), &["note linux/arm64 2:1"])
            .made_by(vec![BuildStep { end: StepEnd::Cached, ..install() }]),
        caught(Emulated, "one step for all platforms", image(), &["warning - 2:1"])
            .made_by(vec![run("RUN make docs", "linux/arm64", both)]),
        caught(
            Emulated,
            "more than the case declares",
            image(),
            &["error linux/arm64 2:1", "error linux/arm64 2:1"],
        )
        .made_by(vec![compiler(), install()])
        .emulating(1),
        caught(Emulated, "as many as the case declares", image(), &["note linux/arm64 2:1"])
            .made_by(vec![compiler()])
            .emulating(1),
        silent(Emulated, "a cross-compiler", image())
            .made_by(vec![run("RUN go build", "linux/amd64", &["linux/arm64"])])
            .emulating(0),
        silent(Emulated, "386 on amd64 may be native", image())
            .made_by(vec![run("RUN go build", "linux/386", &["linux/386"])])
            .emulating(0),
    ]
}

fn shared() -> Vec<Case> {
    use Rule::BuildStepNotShared as NotShared;
    let download = |purpose: &[&str]| run("RUN go mod download", "linux/amd64", purpose);
    let both = || vec![download(&["linux/amd64"]), download(&["linux/arm64"])];
    let alike = || both().into_iter().map(|it| like(it, "modules")).collect::<Vec<_>>();
    vec![
        caught(NotShared, "declared, and executed twice", image(), &["error - 2:1"])
            .made_by(both())
            .sharing("go  mod download"),
        caught(NotShared, "declared, and misspelt", image(), &["error - -"])
            .made_by(both())
            .sharing("go mod downlaod"),
        caught(NotShared, "twice to the same effect", image(), &["warning - 2:1"]).made_by(alike()),
        caught(NotShared, "the same, declared, is told once", image(), &["error - 2:1"])
            .made_by(alike())
            .sharing("go mod download"),
        silent(NotShared, "twice, and nobody knows to what effect", image()).made_by(both()),
        silent(NotShared, "declared, and shared", image())
            .made_by(vec![download(&["linux/amd64", "linux/arm64"])])
            .sharing("go mod download"),
        silent(NotShared, "the same in two stages", image()).made_by(vec![
            like(download(&["linux/amd64", "linux/arm64"]), "modules"),
            BuildStep {
                stage: "tests".to_owned(),
                ..like(download(&["linux/amd64", "linux/arm64"]), "modules")
            },
        ]),
    ]
}
