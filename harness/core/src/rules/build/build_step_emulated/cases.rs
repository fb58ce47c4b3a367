use crate::evidence::build::{BuildStep, Reach, StepEnd};
use crate::rules::build::build_step_emulated::RULE;
use crate::rules::tests::build::{base, image, run};
use crate::rules::tests::{Case, caught, silent};

fn in_image(step: BuildStep) -> BuildStep {
    BuildStep { reach: Reach::Image, stage: "stage-1".to_owned(), ..step }
}

pub(in crate::rules) fn cases() -> Vec<Case> {
    let compiler = || run("RUN go build -o /out/tool", "linux/arm64", &["linux/arm64"]);
    let install = || in_image(run("RUN apk add --no-cache curl", "linux/arm64", &["linux/arm64"]));
    let both = &["linux/amd64", "linux/arm64"];
    vec![
        caught(RULE.rule, "a compiler", image(), &["warning linux/arm64 2:1"])
            .made_by(vec![base(), compiler()]),
        caught(
            RULE.rule,
            "a compiler in the image's own stage",
            image(),
            &["warning linux/arm64 2:1"],
        )
        .made_by(vec![in_image(compiler())]),
        caught(RULE.rule, "packages in the image, cached", image(), &["note linux/arm64 2:1"])
            .made_by(vec![BuildStep { end: StepEnd::Cached, ..install() }]),
        caught(RULE.rule, "one step for all platforms", image(), &["warning - 2:1"])
            .made_by(vec![run("RUN make docs", "linux/arm64", both)]),
        caught(
            RULE.rule,
            "more than the case declares",
            image(),
            &["error linux/arm64 2:1", "error linux/arm64 2:1"],
        )
        .made_by(vec![compiler(), install()])
        .emulating(1),
        caught(RULE.rule, "as many as the case declares", image(), &["note linux/arm64 2:1"])
            .made_by(vec![compiler()])
            .emulating(1),
        silent(RULE.rule, "a cross-compiler", image())
            .made_by(vec![run("RUN go build", "linux/amd64", &["linux/arm64"])])
            .emulating(0),
        silent(RULE.rule, "386 on amd64 may be native", image())
            .made_by(vec![run("RUN go build", "linux/386", &["linux/386"])])
            .emulating(0),
    ]
}
