//! Every kind of change, and what is none.

use std::collections::BTreeMap;

use goblin::elf::section_header::SHT_PROGBITS;
use serde_json::json;

use super::*;
use crate::case::Case;
use crate::evidence::Evidence;
use crate::evidence::build::{
    Basis, BuildStep, BuildTrace, BuilderChecks, Execution, Manner, Provenance, Reach, Span,
    StepEnd, Work,
};
use crate::evidence::image::ImagePath;
use crate::evidence::run::{
    Execution as Executed, Extent, Output, RunEnd, RunEvidence, RunnerKind,
};
use crate::expectation::Growth;
use crate::fixture::{ElfFile, Image, Layer, platform, recipe};
use crate::fixture::{Variant as Made, library, program};
use crate::oci::Digest;
use crate::processor::CpuModel;
use crate::verdict::judge;

/// An image, and what its variants printed.
struct Seen {
    image: Image,
    printed: &'static str,
    end: RunEnd,
    steps: Vec<BuildStep>,
}

impl From<Made> for Seen {
    fn from(variant: Made) -> Self {
        Image::new([variant]).into()
    }
}

impl From<Image> for Seen {
    fn from(image: Image) -> Self {
        Self { image, printed: "Usage", end: RunEnd::Exited { code: 0 }, steps: Vec::new() }
    }
}

impl Seen {
    fn printing(self, printed: &'static str) -> Self {
        Self { printed, ..self }
    }

    fn ending(self, end: RunEnd) -> Self {
        Self { end, ..self }
    }

    fn built_by(self, steps: Vec<BuildStep>) -> Self {
        Self { steps, ..self }
    }

    fn observation(&self) -> Observation {
        let image = self.image.inspect(&[]);
        let run = RunEvidence {
            runner: RunnerKind::Sandbox,
            execution: Executed::Emulated,
            cpu: CpuModel::Default,
            emulator: String::new(),
            instruction: None,
            foreign: Vec::new(),
            command: vec!["/app".to_owned(), "--help".to_owned()],
            entrypoint: ImagePath::clean("/app"),
            program: ImagePath::clean("/app"),
            end: self.end.clone(),
            stdout: Output::new(self.printed.as_bytes(), Extent::Whole),
            stderr: Output::default(),
        };
        let runs = image.variants.iter().map(|it| (it.entry, Ok(vec![run.clone()]))).collect();
        let provenance = if self.steps.is_empty() {
            Provenance::Found
        } else {
            let platforms = ["linux/amd64", "linux/arm64"];
            Provenance::Built(BuildTrace {
                recipe: recipe("FROM scratch", &platforms),
                checks: BuilderChecks::default(),
                basis: Basis::Recorded,
                steps: self.steps.clone(),
            })
        };
        Observation::Image(Evidence { image, runs, provenance })
    }
}

fn compared(
    old: impl Into<Seen>,
    new: impl Into<Seen>,
    expected_size: &SizeExpectation,
) -> Result<Diff, DiffError> {
    let (old, new) = (old.into().observation(), new.into().observation());
    let judged = |it: &Observation| judge(it, &Case::default(), Strictness::Normal);
    let (old_judged, new_judged) = (judged(&old), judged(&new));
    let old = Side { observation: &old, judgement: &old_judged };
    diff(old, Side { observation: &new, judgement: &new_judged }, expected_size)
}

/// The changes as they are shown, a line each, without findings.
fn changes(old: impl Into<Seen>, new: impl Into<Seen>) -> Vec<String> {
    let diff = compared(old, new, &SizeExpectation::default()).expect("they can be compared");
    lines(&diff)
}

fn lines(diff: &Diff) -> Vec<String> {
    entries(&diff.changes).iter().map(ToString::to_string).collect()
}

fn healthy() -> Made {
    Made::healthy("linux/arm64")
}

fn with(path: &str, file: &ElfFile) -> Made {
    healthy().layer(Layer::new().executable(path, file.bytes()))
}

#[test]
fn the_same_image_has_no_changes() {
    let image = || Image::new(["linux/amd64", "linux/arm64"].map(Made::healthy));
    let diff = compared(image(), image(), &SizeExpectation::default()).expect("the same");
    assert!(diff.is_empty(), "{diff:?}");
    assert_eq!(diff.verdict(Strictness::Strict), Verdict::Pass);
}

#[test]
fn what_differs_in_every_build_is_no_change() {
    let build = |id: &[u8], time, label, printed| {
        let app = ElfFile::of("linux/arm64").with_build_id(id);
        let layer = Layer::new().executable("app", app.bytes());
        let made = Made::new("linux/arm64").layer(layer).entrypoint(&["/app"]);
        let made = made.created(time).label("org.opencontainers.image.created", label);
        Seen::from(made).printing(printed)
    };
    let one = build(&[1; 20], "2026-11-29T01:02:03Z", "2026-11-29T01:02:03Z", "b\na 10:11:12");
    let other = build(&[2; 20], "2026-11-30T04:05:06Z", "2026-11-30T04:05:06Z", "a 13:14:15\nb");
    assert_eq!(changes(one, other), [""; 0]);
}

#[test]
fn a_platform_that_is_gone_is_an_error_and_a_further_one_is_not() {
    let two = || Image::new(["linux/amd64", "linux/arm64"].map(Made::healthy));
    let one = || Image::new(["linux/amd64"].map(Made::healthy));
    assert_eq!(
        changes(two(), one()),
        ["linux/arm64: error[platform-removed]: the image no longer has this platform"]
    );
    assert_eq!(
        changes(one(), two()),
        ["linux/arm64: note[platform-added]: the image has this platform now"]
    );
    let other = Image::new(["linux/s390x"].map(Made::healthy));
    let error = compared(one(), other, &SizeExpectation::default()).expect_err("another image");
    assert_eq!(
        error.to_string(),
        "the images have no platform in common: the old one has linux/amd64, the new one linux/s390x"
    );
}

#[test]
fn the_cpu_that_is_needed_is_told_with_the_file() {
    let go = |level: &str| {
        let lines = format!("build\tGOAMD64={level}\n");
        let app = ElfFile::of("linux/amd64").with_go_build("go1.24", &lines);
        Made::new("linux/amd64")
            .layer(Layer::new().executable("app", app.bytes()))
            .entrypoint(&["/app"])
    };
    let raised = changes(go("v1"), go("v3"));
    assert_eq!(
        raised[0],
        "/app (linux/amd64): error[cpu]: the image needs x86-64-v3 now; before, x86-64-v1 was enough"
    );
    assert_eq!(
        changes(go("v3"), go("v1"))[0],
        "/app (linux/amd64): note[cpu]: the image needs no more than x86-64-v1 now; before, it needed \
         x86-64-v3"
    );
}

#[test]
fn glibc_and_kernel_are_told() {
    let image = |version: &'static [&'static str], kernel: (u32, u32)| {
        let libc = ElfFile::of("linux/arm64").shared().with_soname("libc.so.6");
        let libc = libc.with_version_definitions(version).with_kernel(kernel.0, kernel.1, 0);
        healthy().layer(Layer::new().file("lib/libc.so.6", 0o755, libc.bytes()))
    };
    assert_eq!(
        changes(image(&["GLIBC_2.17", "GLIBC_2.36"], (3, 7)), image(&["GLIBC_2.41"], (5, 10))),
        [
            "linux/arm64: note[glibc]: the image has glibc 2.41 now; before, it had 2.36",
            "/lib/libc.so.6 (linux/arm64): note[kernel]: the image needs Linux 5.10.0 or later now; \
             before, 3.7.0 was enough",
        ]
    );
    let needing = |version: &'static str| {
        with(
            "tool",
            &ElfFile::of("linux/arm64")
                .with_needed(&["libc.so.6"])
                .with_version_needs("libc.so.6", &[version]),
        )
    };
    assert_eq!(
        changes(needing("GLIBC_2.17"), needing("GLIBC_2.34")),
        [
            "/tool (linux/arm64): warning[glibc]: the image needs glibc 2.34 now; before, 2.17 was enough"
        ]
    );
}

#[test]
fn executables_are_told_by_what_they_are() {
    let elf = || ElfFile::of("linux/arm64");
    for (old, new, told) in [
        (
            with("opt/x", &elf()),
            with("opt/x", &ElfFile::of("linux/amd64")),
            "error[executable]: the file is built for EM_X86_64 now; before, for EM_AARCH64",
        ),
        (
            with("opt/x", &elf()),
            with("opt/x", &elf().with_interpreter("/lib/ld-linux-aarch64.so.1")),
            "warning[executable]: the file is dynamic now; before, static",
        ),
        (
            with("opt/x", &elf().shared().with_needed(&["liba.so.1", "libb.so.1"])),
            with("opt/x", &elf().shared().with_needed(&["libb.so.1"])),
            "note[executable]: the file no longer needs liba.so.1",
        ),
        (healthy(), with("opt/x", &elf()), "note[executable-added]: this executable was added"),
        (with("opt/x", &elf()), healthy(), "note[executable-removed]: this executable is gone"),
        (
            healthy().layer(Layer::new().executable("opt/x", "#!/bin/sh\n")),
            with("opt/x", &elf()),
            "note[executable]: the file is an ELF file now; before, a script",
        ),
    ] {
        let told = format!("/opt/x (linux/arm64): {told}");
        let changes = changes(old, new);
        assert!(changes.contains(&told), "{changes:?}\n  lacks {told}");
    }
    let order = |names: &[&'static str]| with("opt/x", &elf().shared().with_needed(names));
    assert_eq!(changes(order(&["a.so", "b.so"]), order(&["b.so", "a.so"])), [""; 0]);
}

#[test]
fn many_files_are_told_as_one() {
    let layer = (0..40).fold(Layer::new(), |layer, number| {
        layer.file(&format!("usr/lib/x/{number:02}.so"), 0o644, library("linux/arm64"))
    });
    let changes = changes(healthy(), healthy().layer(layer));
    let added: Vec<&String> = changes.iter().filter(|it| it.contains("executable-added")).collect();
    assert_eq!(added.len(), 3, "{changes:?}");
    assert!(added[2].ends_with("\n  and 37 more such changes below /usr/lib/x"), "{}", added[2]);
}

#[test]
fn the_config_is_told_value_by_value() {
    let old = healthy().user("app").env(&["A=1", "B=2"]).label("version", "1").exposing("80/tcp");
    let new =
        healthy().cmd(&["serve"]).env(&["B=3", "C=4"]).label("version", "2").exposing("81/tcp");
    let told: Vec<String> =
        changes(old, new).iter().map(|it| it.replace("linux/arm64: note[config]: ", "")).collect();
    assert_eq!(
        told,
        [
            "CMD is set to [\"serve\"] now",
            "USER is no longer set; it was \"app\"",
            "the environment variable A is no longer set; it was \"1\"",
            "the environment variable B is \"3\" now; before, it was \"2\"",
            "the environment variable C is set to \"4\" now",
            "the label version is \"2\" now; before, it was \"1\"",
            "the port 80/tcp is no longer exposed",
            "the port 81/tcp is exposed now",
        ]
    );
}

#[test]
fn what_only_docker_knows_is_told_as_well() {
    let old = healthy().config("StopSignal", json!("SIGTERM")).config("Volumes", json!({"/a": {}}));
    let new = healthy()
        .config("StopSignal", json!("SIGINT"))
        .config("Healthcheck", json!({"Test": ["CMD", "true"]}))
        .config("Volumes", json!({"/b": null}))
        .config("OnBuild", json!(null));
    let told: Vec<String> =
        changes(old, new).iter().map(|it| it.replace("linux/arm64: note[config]: ", "")).collect();
    assert_eq!(
        told,
        [
            "HEALTHCHECK is set to {\"Test\":[\"CMD\",\"true\"]} now",
            "STOPSIGNAL is \"SIGINT\" now; before, it was \"SIGTERM\"",
            "the path /a is no longer a volume",
            "the path /b is a volume now",
        ]
    );
    let strange = ["ExposedPorts", "Volumes", "StopSignal", "Shell", "OnBuild"];
    let strange = strange.iter().fold(healthy(), |it, field| it.config(field, json!([1, "x"])));
    assert!(!changes(healthy(), strange).is_empty(), "it can be read, whatever it holds");
}

#[test]
fn runs_are_told_with_their_difference() {
    let app = || Seen::from(healthy());
    let (old, new) = ("Usage: app\n\n  --a\n  --b\n", "Usage: app\n\n  --a\n  --c\n");
    assert_eq!(
        changes(app().printing(old), app().printing(new)),
        ["linux/arm64: note[run]: `/app --help` prints something else to its standard output\n  \
          \u{20}   --a\n  -   --b\n  +   --c"]
    );
    let failed = changes(app(), app().ending(RunEnd::Exited { code: 3 }));
    assert_eq!(
        failed,
        [
            "linux/arm64: warning[run]: `/app --help` ends with exit status 3 now; before, with exit \
          status 0"
        ]
    );
}

#[test]
fn sizes_are_told_by_layer_and_limited() {
    let image = |size: usize| {
        let layer = Layer::new().file("data", 0o644, vec![b'x'; size]);
        healthy().layer(layer).made_by(&["COPY app /app", "COPY data /data"])
    };
    let limited = |expected: &SizeExpectation, old, new| {
        lines(&compared(image(old), image(new), expected).expect("they can be compared"))
    };
    let unlimited = SizeExpectation::default();
    let grown = SizeExpectation { growth: Growth::AtMost(10), ..unlimited.clone() };
    let most = BTreeMap::from([(platform("linux/arm64"), 1 << 20)]);
    let most = SizeExpectation { most, ..unlimited.clone() };
    let (small, large) = (500 << 10, 1000 << 10);
    let told = limited(&unlimited, small, large);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("linux/arm64: note[size]: the files of the image take "),
        "{told:?}"
    );
    assert!(told[0].ends_with("\n  +500.0 KiB in COPY data /data"), "{told:?}");
    assert!(limited(&grown, small, large)[0].contains("error[size]: "), "twice as much");
    assert_eq!(limited(&grown, large, large), [""; 0]);
    assert!(limited(&most, small, 2 << 20)[0].contains("more than the 1.0 MiB that it may take"));
    assert_eq!(limited(&most, 2 << 20, 2 << 20), [""; 0], "it was as large before");
    assert_eq!(limited(&unlimited, large, large + 1000), [""; 0], "nobody cares");
    assert!(limited(&unlimited, large, small)[0].contains("note[size]"));
}

fn step(instruction: &str, on: &str, platforms: &[&str]) -> BuildStep {
    let platforms: Vec<Platform> = platforms.iter().map(|it| platform(it)).collect();
    let manner = Manner::of(platform("linux/amd64"), platform(on), &platforms);
    let execution = Execution { on: platform(on), manner, likeness: Digest::of(b"") };
    BuildStep {
        lines: None,
        stage: "builder".to_owned(),
        instruction: instruction.to_owned(),
        platforms,
        reach: Reach::Builder,
        work: Work::Execution(execution),
        end: StepEnd::Done(Span { start_ms: 0, duration_ms: 1500 }),
    }
}

#[test]
fn a_step_that_moves_into_emulation_is_an_error() {
    let image = || Seen::from(Image::new(["linux/amd64", "linux/arm64"].map(Made::healthy)));
    let native = || {
        image().built_by(vec![
            step("RUN go build", "linux/amd64", &["linux/amd64"]),
            step("RUN go build", "linux/amd64", &["linux/arm64"]),
        ])
    };
    let emulated = |instruction| {
        image().built_by(vec![
            step(instruction, "linux/amd64", &["linux/amd64"]),
            step(instruction, "linux/arm64", &["linux/arm64"]),
        ])
    };
    for instruction in ["RUN go build", "RUN go build -trimpath"] {
        let told = format!(
            "linux/arm64: error[build-step]: `{instruction}` is executed under emulation now; before, \
             it was cross-compiled\n  its executions took 3.0 s now; before, 3.0 s"
        );
        assert_eq!(changes(native(), emulated(instruction)), [told]);
    }
    let mut renamed = emulated("RUN go build");
    for step in &mut renamed.steps {
        step.stage = "build".to_owned();
    }
    assert_eq!(changes(native(), renamed).len(), 1, "the stage has another name");
    let back = changes(emulated("RUN go build"), native());
    assert!(back[0].starts_with("linux/arm64: note[build-step]: "), "{back:?}");
    let shared = image().built_by(vec![step(
        "RUN go build",
        "linux/amd64",
        &["linux/amd64", "linux/arm64"],
    )]);
    assert_eq!(changes(shared, native()), [""; 0], "natively either way");
}

#[test]
fn build_information_of_go_is_told() {
    let go = |version, revision| {
        let lines = format!("build\tvcs.revision={revision}\nbuild\tvcs.time=2026-11-30\n");
        with("opt/x", &ElfFile::of("linux/arm64").with_go_build(version, &lines))
    };
    assert_eq!(
        changes(go("go1.24.4", "a"), go("go1.25.1", "b")),
        [
            "/opt/x (linux/arm64): note[build-info]: Go is `go1.25.1` now; before, `go1.24.4`",
            "/opt/x (linux/arm64): note[build-info]: vcs.revision is `b` now; before, `a`",
        ]
    );
}

#[test]
fn another_rustc_is_told() {
    let rust = |comment: &str| {
        let bytes = comment.as_bytes().to_vec();
        with("opt/x", &ElfFile::of("linux/arm64").with_section(".comment", SHT_PROGBITS, bytes))
    };
    assert_eq!(
        changes(rust("rustc version 1.84.1 (a)\0"), rust("rustc version 1.85.0 (b)\0")),
        ["/opt/x (linux/arm64): note[build-info]: rustc is 1.85.0 now; before, 1.84.1"]
    );
    let other = changes(rust("rustc version 1.85.0 (a)\0"), rust("rustc version 1.85.0 (b)\0"));
    assert_eq!(other, [""; 0]);
}

#[test]
fn findings_are_new_gone_or_still_there() {
    let helper = |path: &str| {
        let layer = Layer::new().executable(path, program("linux/amd64"));
        let lower = Layer::new().file("data", 0o644, "data");
        (healthy().layer(layer.clone()), healthy().layer(lower).layer(layer))
    };
    let compared =
        |old, new| compared(old, new, &SizeExpectation::default()).expect("they can be compared");
    let diff = compared(helper("opt/a").0, helper("opt/b").0);
    let path = |it: &[Judged]| {
        it.iter().filter_map(|it| it.finding.path().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!((path(&diff.new), path(&diff.gone)), (vec!["/opt/b".into()], vec!["/opt/a".into()]));
    assert_eq!(diff.verdict(Strictness::Normal), Verdict::Fail);
    let diff = compared(helper("opt/a").0, helper("opt/a").1);
    assert_eq!((diff.new.len(), diff.gone.len(), diff.still), (0, 0, 1), "in another layer");
    assert_eq!(diff.verdict(Strictness::Strict), Verdict::Pass, "it is no worse");
}
