use super::{Case, Expectations, Rule, RunExpectation, caught, silent};
use crate::evidence::image::ImagePath;
use crate::evidence::run::{
    Execution, Extent, Instruction, Output, RunEnd, RunEvidence, RunnerKind, SignalCause,
};
use crate::fixture::{ElfFile, Image, Layer, Variant, program};
use crate::processor::CpuModel;

#[path = "help.rs"]
mod help;

const APP: &[&str] = &["error linux/arm64 /app"];

pub(super) fn cases() -> Vec<Case> {
    [failed(), explained(), timed_out(), output(), isa_faults(), foreign(), help::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// A run of `/app` that ended so and printed that.
pub(super) fn run(end: RunEnd, stdout: &str) -> RunEvidence {
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
fn exited(code: i64) -> RunEvidence {
    let words = if code == 0 { "Usage: app [OPTIONS]\n" } else { "app: the database is gone\n" };
    run(RunEnd::Exited { code }, words)
}

fn signalled(signal: i64, cause: SignalCause) -> RunEvidence {
    run(RunEnd::Signalled { signal, cause }, "")
}

impl Case {
    fn after(self, runs: impl IntoIterator<Item = RunEvidence>) -> Self {
        Self { runs: vec![runs.into_iter().collect()], ..self }
    }

    /// One run of each variant.
    pub(super) fn after_each(self, runs: impl IntoIterator<Item = RunEvidence>) -> Self {
        Self { runs: runs.into_iter().map(|it| vec![it]).collect(), ..self }
    }

    fn expecting(self, exit: i64, stdout: &[&str]) -> Self {
        let stdout = stdout.iter().map(|&it| it.to_owned()).collect();
        let run = RunExpectation { exit: Some(exit), stdout, ..RunExpectation::default() };
        Self { expectations: Expectations { run, ..self.expectations }, ..self }
    }
}

fn healthy() -> Image {
    Variant::healthy("linux/arm64").into()
}

fn failed() -> Vec<Case> {
    use Rule::RunFailed as Failed;
    let illegal = || signalled(4, SignalCause::Program);
    vec![
        caught(Failed, "another exit status", healthy(), APP).after([exited(1)]),
        caught(Failed, "success where failure was expected", healthy(), APP)
            .after([exited(0)])
            .expecting(2, &[]),
        caught(Failed, "an illegal instruction", healthy(), APP).after([illegal()]),
        caught(Failed, "more memory than a run may use", healthy(), APP)
            .after([signalled(9, SignalCause::MemoryLimit)]),
        caught(Failed, "one run of two", healthy(), APP).after([exited(0), illegal()]),
        silent(Failed, "as expected", healthy()).after([exited(0)]),
        silent(Failed, "the expected failure", healthy()).after([exited(2)]).expecting(2, &[]),
        silent(Failed, "it was not run", healthy()),
        silent(Failed, "no emulator says nothing about the image", healthy())
            .after([run(RunEnd::EmulatorMissing { remedy: "install QEMU".into() }, "")]),
        silent(Failed, "an emulator's fault says nothing about the image", healthy())
            .after([run(RunEnd::EmulatorFault { message: "QEMU internal SIGSEGV".into() }, "")]),
        silent(Failed, "an engine's fault says nothing about the image", healthy())
            .after([run(RunEnd::EngineFault { message: "connection refused".into() }, "")]),
    ]
}

/// What the bytes have said already is not said again of the run.
fn explained() -> Vec<Case> {
    let wrong_helper = Variant::healthy("linux/arm64")
        .layer(Layer::new().executable("helper", program("linux/amd64")));
    let behind_init = || {
        let words = ["/tini", "--", "/app"].map(str::to_owned);
        let tini = ImagePath::clean("/tini");
        RunEvidence {
            command: words.to_vec(),
            entrypoint: tini.clone(),
            program: tini,
            ..exited(255)
        }
    };
    let with_init = |app: Vec<u8>| {
        let tini = Layer::new().executable("tini", program("linux/arm64"));
        Variant::new("linux/arm64")
            .layer(tini.executable("app", app))
            .entrypoint(&["/tini", "--", "/app"])
    };
    let script = RunEvidence { program: ImagePath::clean("/usr/bin/sh"), ..exited(255) };
    vec![
        caught(Rule::ElfMachineMismatch, "and so it cannot start", wrong_app(), APP)
            .after([exited(255)]),
        caught(
            Rule::ElfMachineMismatch,
            "although the builder's machine runs it",
            wrong_app(),
            APP,
        )
        .after([exited(0)]),
        caught(
            Rule::RunFailed,
            "a wrong helper does not explain the entrypoint",
            wrong_helper,
            APP,
        )
        .after([exited(1)])
        .besides(&["ElfMachineMismatch error linux/arm64 /helper"]),
        caught(
            Rule::ElfMachineMismatch,
            "the script's interpreter cannot start",
            Variant::new("linux/arm64")
                .layer(
                    Layer::new()
                        .executable("app", "#!/usr/bin/sh\n")
                        .executable("usr/bin/sh", program("linux/s390x")),
                )
                .entrypoint(&["/app"]),
            &["error linux/arm64 /usr/bin/sh"],
        )
        .after([script]),
        caught(
            Rule::InterpreterMissing,
            "the program has no loader, and so it cannot start",
            Variant::new("linux/arm64")
                .layer(Layer::new().executable(
                    "app",
                    ElfFile::of("linux/arm64").with_interpreter("/lib/ld.so").bytes(),
                ))
                .entrypoint(&["/app"]),
            APP,
        )
        .after([exited(255)]),
        caught(
            Rule::ElfMachineMismatch,
            "and so its init cannot start it",
            with_init(program("linux/amd64")),
            APP,
        )
        .after([behind_init()]),
        caught(
            Rule::EntrypointShebang,
            "and so its init cannot start the script",
            with_init(b"#!/bin/sh\r\n".to_vec()),
            APP,
        )
        .after([behind_init()]),
        caught(
            Rule::RunFailed,
            "an init's program fails for no reason that is known",
            with_init(program("linux/arm64")),
            &["error linux/arm64 /tini"],
        )
        .after([behind_init()]),
        caught(
            Rule::RunFailed,
            "a warning does not explain a failure",
            Variant::new("linux/amd64").app("linux/386"),
            &["error linux/amd64 /app"],
        )
        .after([exited(255)])
        .besides(&["ElfMachineMismatch warning linux/amd64 /app"]),
    ]
}

fn on(cpu: &str, run: RunEvidence) -> RunEvidence {
    RunEvidence { runner: RunnerKind::Sandbox, cpu: CpuModel::Named(cpu.into()), ..run }
}

fn dead() -> RunEvidence {
    on("cortex-a53", signalled(4, SignalCause::Program))
}

fn wrong_app() -> Variant {
    Variant::new("linux/arm64").app("linux/amd64")
}

fn isa_faults() -> Vec<Case> {
    use Rule::RunIsaFault as Fault;
    let refusing = |text: &str| RunEvidence {
        stderr: Output::new(text.as_bytes(), Extent::Whole),
        ..on("cortex-a53", exited(1))
    };
    let declaring = || {
        let app = ElfFile::of("linux/arm64")
            .with_go_build("go1.24.4", "build\tGOARCH=arm64\nbuild\tGOARM64=v8.0,lse\n");
        Variant::new("linux/arm64")
            .layer(Layer::new().executable("app", app.bytes()))
            .entrypoint(&["/app"])
    };
    vec![
        caught(Fault, "dead on the promised processor, well on all there is", healthy(), APP)
            .after([dead(), on("max", exited(0))]),
        caught(Fault, "and the instruction is known", healthy(), APP).after([
            RunEvidence {
                instruction: Some(Instruction { address: 0x100b8, code: "f82003e1".into() }),
                ..dead()
            },
            on("max", exited(0)),
        ]),
        caught(Fault, "Go's refusal", healthy(), APP).after([
            refusing("This program can only be run on ARM64 processors with LSE support.\n"),
            on("max", exited(0)),
        ]),
        caught(Fault, "glibc's refusal", healthy(), APP).after([
            refusing("/app: CPU ISA level is lower than required\n"),
            on("max", exited(0)),
        ]),
        caught(Fault, "glibc's refusal elsewhere", healthy(), APP).after([
            refusing("Fatal glibc error: CPU lacks VXE support (z14 or later required)\n"),
            on("max", exited(0)),
        ]),
        caught(Fault, "a Go program that handles the signal", healthy(), APP).after([
            refusing("SIGILL: illegal instruction\nPC=0x11a30 m=0 sigcode=1\n"),
            on("max", exited(0)),
        ]),
        caught(Fault, "a script whose program dies", healthy(), APP).after([
            refusing("/app: line 2:     7 Illegal instruction     /opt/tool \"$@\"\n"),
            on("max", exited(0)),
        ]),
        caught(Fault, "a Java machine, which aborts", healthy(), APP).after([
            on(
                "cortex-a53",
                RunEvidence {
                    stdout: Output::new(b"#  SIGILL (0x4) at pc=0x7f, pid=7\n", Extent::Whole),
                    ..signalled(6, SignalCause::Program)
                },
            ),
            on("max", exited(0)),
        ]),
        caught(
            Rule::ElfIsaTooNew,
            "what the file declares and what the run shows is one finding",
            declaring(),
            APP,
        )
        .after([dead(), on("max", exited(0))]),
        caught(Fault, "a server, which goes on where it can", healthy(), APP)
            .after([dead(), on("max", late())])
            .besides(&["RunTimedOut error linux/arm64 /app"]),
        caught(Fault, "a program that does not know --help where it can run", healthy(), APP)
            .after([dead(), on("max", run(RunEnd::Exited { code: 1 }, "Usage: app FILE\n"))]),
        caught(Rule::RunFailed, "dead on either", healthy(), APP)
            .after([dead(), on("max", signalled(4, SignalCause::Program))]),
        caught(Rule::RunFailed, "dead on one and failing on the other", healthy(), APP)
            .after([dead(), on("max", exited(3))]),
        Case {
            runs: vec![
                vec![on("arm1176", signalled(4, SignalCause::Program)), on("max", exited(0))],
                vec![on("cortex-a7", exited(0))],
            ],
            ..caught(
                Fault,
                "one of two entries that name one manifest",
                Image::of([
                    Variant::healthy("linux/arm/v7").stated_as("linux/arm/v6"),
                    Variant::healthy("linux/arm/v7"),
                ]),
                &["error linux/arm/v6 /app"],
            )
            .besides(&[
                "ParityIdenticalBinary note linux/arm/v7 /app",
                "PlatformDescriptorMismatch error linux/arm/v6 -",
            ])
        },
        silent(Fault, "well on the promised processor", healthy())
            .after([on("cortex-a53", exited(0))]),
        silent(Fault, "the expected failure on either", healthy())
            .after([on("cortex-a53", exited(2))])
            .expecting(2, &[]),
    ]
}

fn foreign() -> Vec<Case> {
    use Rule::RunForeignExecutable as Foreign;
    let refused = |path: &str, code| RunEvidence {
        foreign: vec![path.to_owned()],
        ..on("cortex-a53", exited(code))
    };
    let with_helper = |platform| {
        Variant::healthy("linux/arm64").layer(
            Layer::new().executable("opt/helper", program(platform)).symlink("h", "opt/helper"),
        )
    };
    vec![
        caught(
            Foreign,
            "a helper that came into being",
            healthy(),
            &["error linux/arm64 /tmp/helper"],
        )
        .after([refused("/tmp/helper", 126)]),
        caught(
            Foreign,
            "although the program went on without it",
            healthy(),
            &["error linux/arm64 /tmp/helper"],
        )
        .after([refused("/tmp/helper", 0)]),
        caught(
            Rule::ElfMachineMismatch,
            "the run wanted what the bytes had shown, behind a link",
            with_helper("linux/amd64"),
            &["error linux/arm64 /opt/helper"],
        )
        .after([refused("/h", 126)]),
        silent(Foreign, "nothing was refused", with_helper("linux/arm64"))
            .after([on("cortex-a53", exited(0))]),
    ]
}

fn late() -> RunEvidence {
    run(RunEnd::TimedOut { limit_ms: 1500 }, "waiting for the database\n")
}

fn timed_out() -> Vec<Case> {
    vec![
        caught(Rule::RunTimedOut, "a program that waits for something", healthy(), APP)
            .after([late()]),
        silent(Rule::RunTimedOut, "it ended in time", healthy()).after([exited(0)]),
    ]
}

fn output() -> Vec<Case> {
    use Rule::RunOutputMissing as Missing;
    let said = |text| run(RunEnd::Exited { code: 0 }, text);
    let on_stderr =
        || RunEvidence { stderr: Output::new(b"Usage: app\n", Extent::Whole), ..said("") };
    vec![
        caught(Missing, "other words", healthy(), APP)
            .after([said("app: no such option\n")])
            .expecting(0, &["Usage"]),
        caught(Missing, "nothing", healthy(), APP).after([said("")]).expecting(0, &["Usage"]),
        caught(Missing, "one of two texts", healthy(), APP)
            .after([exited(0)])
            .expecting(0, &["Usage", "Examples"]),
        caught(Missing, "on the standard error", healthy(), APP)
            .after([on_stderr()])
            .expecting(0, &["Usage"]),
        caught(Missing, "all that there is of too much", healthy(), APP)
            .after([RunEvidence {
                stdout: Output::new(b"Usage: app\n", Extent::Beginning),
                ..exited(0)
            }])
            .expecting(0, &["Examples"]),
        caught(Missing, "by a program that failed", healthy(), APP)
            .after([RunEvidence { stdout: Output::default(), ..exited(1) }])
            .expecting(0, &["Usage"])
            .besides(&["RunFailed error linux/arm64 /app"]),
        caught(Missing, "by a program that did not end", healthy(), APP)
            .after([late()])
            .expecting(0, &["Usage"])
            .besides(&["RunTimedOut error linux/arm64 /app"]),
        caught(Missing, "by a program that could not start", wrong_app(), APP)
            .after([RunEvidence { stdout: Output::default(), ..exited(255) }])
            .expecting(0, &["Usage"])
            .besides(&["ElfMachineMismatch error linux/arm64 /app"]),
        caught(Missing, "on the processor that has every instruction", healthy(), APP)
            .after([dead(), on("max", said(""))])
            .expecting(0, &["Usage"])
            .besides(&["RunIsaFault error linux/arm64 /app"]),
        silent(Missing, "all of it, by a program that failed", healthy())
            .after([run(RunEnd::Exited { code: 1 }, "Usage: app\n")])
            .expecting(0, &["Usage"])
            .besides(&["RunFailed error linux/arm64 /app"]),
        silent(Missing, "nobody knows what it prints", healthy())
            .after([run(RunEnd::EmulatorMissing { remedy: "install QEMU".into() }, "")])
            .expecting(0, &["Usage"]),
        silent(Missing, "all of it", healthy())
            .after([exited(0)])
            .expecting(0, &["Usage", "[OPTIONS]"]),
        silent(Missing, "nothing was asked for", healthy()).after([said("")]),
    ]
}
