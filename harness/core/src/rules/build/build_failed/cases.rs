use crate::evidence::build::{FailedPart, StepFault};
use crate::rules::build::build_failed::RULE;
use crate::rules::tests::build::{image, platforms, run};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let found: &[&str] = &["error - 2:1"];
    let step = |instruction: &str, code| FailedPart::Step {
        instruction: instruction.to_owned(),
        platforms: platforms(&["linux/arm64"]),
        fault: StepFault::Exited(code),
    };
    vec![
        caught(RULE.rule, "a compiler that is killed", image(), found)
            .unbuilt(step("RUN cargo build --release", 137), &["Compiling tool", ""]),
        caught(RULE.rule, "a check that fails", image(), found)
            .unbuilt(step("RUN go vet ./...", 1), &[]),
        caught(RULE.rule, "a file that is not there", image(), found).unbuilt(
            FailedPart::Step {
                instruction: "COPY nothing /".to_owned(),
                platforms: Vec::new(),
                fault: StepFault::Other("\"/nothing\": not found".to_owned()),
            },
            &[],
        ),
        caught(RULE.rule, "an instruction that does not exist", image(), found).unbuilt(
            FailedPart::Dockerfile {
                message: "dockerfile parse error on line 2: unknown instruction: COPPY".to_owned(),
            },
            &[],
        ),
        caught(RULE.rule, "a base that lacks a platform", image(), found).unbuilt(
            FailedPart::BasePlatformMissing {
                base: "docker.io/library/busybox:latest".to_owned(),
                platforms: platforms(&["linux/loong64"]),
            },
            &[],
        ),
        silent(RULE.rule, "a build that went well", image()).made_by(vec![run(
            "RUN go vet ./...",
            "linux/amd64",
            &["linux/amd64", "linux/arm64"],
        )]),
    ]
}
