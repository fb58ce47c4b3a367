use crate::evidence::image::ImagePath;
use crate::evidence::run::{
    Execution, Extent, Output, RunEnd, RunEvidence, RunnerKind, SignalCause,
};
use crate::expectation::{Expectations, RunExpectation};
use crate::fixture::{Image, Layer, Variant, program};
use crate::processor::CpuModel;
use crate::rules::tests::Case;

pub(in crate::rules) const APP: &[&str] = &["error linux/arm64 /app"];

/// A run of `/app` that ended so and printed that.
pub(in crate::rules) fn run(end: RunEnd, stdout: &str) -> RunEvidence {
    let path = ImagePath::clean("/app");
    RunEvidence {
        runner: RunnerKind::Engine,
        execution: Execution::Emulated,
        cpu: CpuModel::Default,
        emulator: String::new(),
        instruction: None,
        foreign: Vec::new(),
        command: vec!["/app".into(), "--help".into()],
        entrypoint: path.clone(),
        program: path,
        end,
        stdout: Output::new(stdout.as_bytes(), Extent::Whole),
        stderr: Output::default(),
    }
}

/// With its usage where that is success, else with the words of a failure.
pub(in crate::rules) fn exited(code: i64) -> RunEvidence {
    let words = if code == 0 { "Usage: app [OPTIONS]\n" } else { "app: the database is gone\n" };
    run(RunEnd::Exited { code }, words)
}

pub(in crate::rules) fn signalled(signal: i64, cause: SignalCause) -> RunEvidence {
    run(RunEnd::Signalled { signal, cause }, "")
}

impl Case {
    pub(in crate::rules) fn after(self, runs: impl IntoIterator<Item = RunEvidence>) -> Self {
        Self { runs: vec![runs.into_iter().collect()], ..self }
    }

    /// One run of each variant.
    pub(in crate::rules) fn after_each(self, runs: impl IntoIterator<Item = RunEvidence>) -> Self {
        Self { runs: runs.into_iter().map(|it| vec![it]).collect(), ..self }
    }

    pub(in crate::rules) fn expecting(self, exit: i64, stdout: &[&str]) -> Self {
        let stdout = stdout.iter().map(|&it| it.to_owned()).collect();
        let run = RunExpectation { exit: Some(exit), stdout, ..RunExpectation::default() };
        Self { expectations: Expectations { run, ..self.expectations }, ..self }
    }
}

pub(in crate::rules) fn healthy() -> Image {
    Variant::healthy("linux/arm64").into()
}

pub(in crate::rules) fn on(cpu: &str, run: RunEvidence) -> RunEvidence {
    RunEvidence { runner: RunnerKind::Sandbox, cpu: CpuModel::Named(cpu.into()), ..run }
}

pub(in crate::rules) fn dead() -> RunEvidence {
    on("cortex-a53", signalled(4, SignalCause::Program))
}

pub(in crate::rules) fn wrong_app() -> Variant {
    Variant::new("linux/arm64").app("linux/amd64")
}

pub(in crate::rules) fn late() -> RunEvidence {
    run(RunEnd::TimedOut { limit_ms: 1500 }, "waiting for the database\n")
}

/// A run of `/app` that an init started, which says with its status that it could not.
pub(in crate::rules) fn behind_init() -> RunEvidence {
    let words = ["/tini", "--", "/app"].map(str::to_owned);
    let tini = ImagePath::clean("/tini");
    RunEvidence { command: words.to_vec(), entrypoint: tini.clone(), program: tini, ..exited(255) }
}

/// An image in which an init starts `/app`.
pub(in crate::rules) fn with_init(app: Vec<u8>) -> Variant {
    let tini = Layer::new().executable("tini", program("linux/arm64"));
    Variant::new("linux/arm64")
        .layer(tini.executable("app", app))
        .entrypoint(&["/tini", "--", "/app"])
}

/// A run in which the program at a path was for another machine.
pub(in crate::rules) fn refused(path: &str, code: i64) -> RunEvidence {
    RunEvidence { foreign: vec![path.to_owned()], ..on("cortex-a53", exited(code)) }
}

/// A healthy image with a helper for a platform, and a link to it.
pub(in crate::rules) fn with_helper(platform: &str) -> Variant {
    Variant::healthy("linux/arm64")
        .layer(Layer::new().executable("opt/helper", program(platform)).symlink("h", "opt/helper"))
}
