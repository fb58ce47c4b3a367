//! What a build did.

use crate::evidence::build::{
    Basis, BuildFailure, BuildStep, BuildTrace, BuilderChecks, Execution, FailedPart, Lines,
    Manner, Provenance, Reach, Span, StepEnd, Unbuilt, Work,
};
use crate::expectation::{EmulatedSteps, Expectations, TraceExpectation};
use crate::fixture::{Image, Variant, recipe};
use crate::oci::Digest;
use crate::platform::Platform;
use crate::rules::tests::Case;

pub(in crate::rules) fn platforms(names: &[&str]) -> Vec<Platform> {
    names.iter().map(|it| it.parse().expect("a platform")).collect()
}

/// A step on line 2 of the stage `builder`, executed on a platform for others in 41.2 seconds.
pub(in crate::rules) fn run(instruction: &str, on: &str, purpose: &[&str]) -> BuildStep {
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

pub(in crate::rules) fn base() -> BuildStep {
    BuildStep {
        lines: Some(Lines { first: 1, last: 1 }),
        work: Work::Source,
        ..run("FROM golang AS builder", "linux/arm64", &["linux/arm64"])
    }
}

pub(in crate::rules) fn trace(steps: Vec<BuildStep>) -> BuildTrace {
    BuildTrace {
        recipe: recipe("", &[]),
        checks: BuilderChecks::default(),
        basis: Basis::Recorded,
        steps,
    }
}

pub(in crate::rules) fn image() -> Image {
    Image::new([Variant::healthy("linux/amd64"), Variant::healthy("linux/arm64")])
}

impl Case {
    pub(in crate::rules) fn made_by(self, steps: Vec<BuildStep>) -> Self {
        Self { provenance: Provenance::Built(trace(steps)), ..self }
    }

    pub(in crate::rules) fn with_trace(self, trace: TraceExpectation) -> Self {
        let expectations = Expectations { trace, ..self.expectations };
        Self { expectations, ..self }
    }

    pub(in crate::rules) fn sharing(self, part: &str) -> Self {
        let shared = vec![part.to_owned()];
        self.with_trace(TraceExpectation { shared, ..TraceExpectation::default() })
    }

    pub(in crate::rules) fn emulating(self, most: usize) -> Self {
        let emulated = EmulatedSteps::AtMost(most);
        self.with_trace(TraceExpectation { emulated, ..TraceExpectation::default() })
    }

    pub(in crate::rules) fn unbuilt(self, part: FailedPart, log: &[&str]) -> Self {
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
