use crate::evidence::image::ImagePath;
use crate::evidence::run::{Extent, Instruction, Output, RunEnd, RunEvidence, SignalCause};
use crate::fixture::{Image, Layer, Variant, library};
use crate::rules::run::run_isa_fault::RULE;
use crate::rules::tests::run::{APP, dead, exited, healthy, late, on, run, signalled};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let refusing = |text: &str| RunEvidence {
        stderr: Output::new(text.as_bytes(), Extent::Whole),
        ..on("cortex-a53", exited(1))
    };
    vec![
        caught(RULE.rule, "dead on the promised processor, well on all there is", healthy(), APP)
            .after([dead(), on("max", exited(0))]),
        caught(RULE.rule, "and the instruction is known", healthy(), APP).after([
            RunEvidence { instruction: Some(instruction("/app")), ..dead() },
            on("max", exited(0)),
        ]),
        caught(
            RULE.rule,
            "an instruction of a library",
            healthy_with("usr/lib/libnew.so"),
            &["error linux/arm64 /usr/lib/libnew.so"],
        )
        .after([
            RunEvidence { instruction: Some(instruction("/usr/lib/libnew.so")), ..dead() },
            on("max", exited(0)),
        ]),
        caught(RULE.rule, "Go's refusal", healthy(), APP).after([
            refusing("This program can only be run on ARM64 processors with LSE support.\n"),
            on("max", exited(0)),
        ]),
        caught(RULE.rule, "glibc's refusal", healthy(), APP).after([
            refusing("/app: CPU ISA level is lower than required\n"),
            on("max", exited(0)),
        ]),
        caught(RULE.rule, "glibc's refusal elsewhere", healthy(), APP).after([
            refusing("Fatal glibc error: CPU lacks VXE support (z14 or later required)\n"),
            on("max", exited(0)),
        ]),
        caught(RULE.rule, "a Go program that handles the signal", healthy(), APP).after([
            refusing("SIGILL: illegal instruction\nPC=0x11a30 m=0 sigcode=1\n"),
            on("max", exited(0)),
        ]),
        caught(RULE.rule, "a script whose program dies", healthy(), APP).after([
            refusing("/app: line 2:     7 Illegal instruction     /opt/tool \"$@\"\n"),
            on("max", exited(0)),
        ]),
        caught(RULE.rule, "a Java machine, which aborts", healthy(), APP).after([
            on(
                "cortex-a53",
                RunEvidence {
                    stdout: Output::new(b"#  SIGILL (0x4) at pc=0x7f, pid=7\n", Extent::Whole),
                    ..signalled(6, SignalCause::Program)
                },
            ),
            on("max", exited(0)),
        ]),
        caught(RULE.rule, "a server, which goes on where it can", healthy(), APP)
            .after([dead(), on("max", late())])
            .besides(&["RunTimedOut error linux/arm64 /app"]),
        caught(RULE.rule, "a program that does not know --help where it can run", healthy(), APP)
            .after([dead(), on("max", run(RunEnd::Exited { code: 1 }, "Usage: app FILE\n"))]),
        Case {
            runs: vec![
                vec![on("arm1176", signalled(4, SignalCause::Program)), on("max", exited(0))],
                vec![on("cortex-a7", exited(0))],
            ],
            ..caught(
                RULE.rule,
                "one of two entries that name one manifest",
                Image::new([
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
        silent(RULE.rule, "well on the promised processor", healthy())
            .after([on("cortex-a53", exited(0))]),
        silent(RULE.rule, "the expected failure on either", healthy())
            .after([on("cortex-a53", exited(2))])
            .expecting(2, &[]),
    ]
}

fn instruction(file: &str) -> Instruction {
    Instruction { file: ImagePath::clean(file), address: 0x100b8, code: "f82003e1".into() }
}

fn healthy_with(path: &str) -> Variant {
    Variant::healthy("linux/arm64").layer(Layer::new().file(path, 0o644, library("linux/arm64")))
}
