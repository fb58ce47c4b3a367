use crate::evidence::run::{RunEnd, SignalCause};
use crate::fixture::{Layer, Variant, program};
use crate::rules::run::run_failed::RULE;
use crate::rules::tests::run::{
    APP, behind_init, dead, exited, healthy, on, run, signalled, with_init,
};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [failed(), explained(), isa_faults()].into_iter().flatten().collect()
}

fn failed() -> Vec<Case> {
    let illegal = || signalled(4, SignalCause::Program);
    vec![
        caught(RULE.rule, "another exit status", healthy(), APP).after([exited(1)]),
        caught(RULE.rule, "success where failure was expected", healthy(), APP)
            .after([exited(0)])
            .expecting(2, &[]),
        caught(RULE.rule, "an illegal instruction", healthy(), APP).after([illegal()]),
        caught(RULE.rule, "more memory than a run may use", healthy(), APP)
            .after([signalled(9, SignalCause::MemoryLimit)]),
        caught(RULE.rule, "one run of two", healthy(), APP).after([exited(0), illegal()]),
        silent(RULE.rule, "as expected", healthy()).after([exited(0)]),
        silent(RULE.rule, "the expected failure", healthy()).after([exited(2)]).expecting(2, &[]),
        silent(RULE.rule, "it was not run", healthy()),
        silent(RULE.rule, "no emulator says nothing about the image", healthy())
            .after([run(RunEnd::EmulatorMissing { remedy: "install QEMU".into() }, "")]),
        silent(RULE.rule, "an emulator's fault says nothing about the image", healthy())
            .after([run(RunEnd::EmulatorFault { message: "QEMU internal SIGSEGV".into() }, "")]),
        silent(RULE.rule, "an engine's fault says nothing about the image", healthy())
            .after([run(RunEnd::EngineFault { message: "connection refused".into() }, "")]),
    ]
}

/// What the bytes have said already is not said again of the run.
fn explained() -> Vec<Case> {
    let wrong_helper = Variant::healthy("linux/arm64")
        .layer(Layer::new().executable("helper", program("linux/amd64")));
    vec![
        caught(RULE.rule, "a wrong helper does not explain the entrypoint", wrong_helper, APP)
            .after([exited(1)])
            .besides(&["ElfMachineMismatch error linux/arm64 /helper"]),
        caught(
            RULE.rule,
            "an init's program fails for no reason that is known",
            with_init(program("linux/arm64")),
            &["error linux/arm64 /tini"],
        )
        .after([behind_init()]),
        caught(
            RULE.rule,
            "a warning does not explain a failure",
            Variant::new("linux/amd64").app("linux/386"),
            &["error linux/amd64 /app"],
        )
        .after([exited(255)])
        .besides(&["ElfMachineMismatch warning linux/amd64 /app"]),
    ]
}

fn isa_faults() -> Vec<Case> {
    vec![
        caught(RULE.rule, "dead on either", healthy(), APP)
            .after([dead(), on("max", signalled(4, SignalCause::Program))]),
        caught(RULE.rule, "dead on one and failing on the other", healthy(), APP)
            .after([dead(), on("max", exited(3))]),
    ]
}
