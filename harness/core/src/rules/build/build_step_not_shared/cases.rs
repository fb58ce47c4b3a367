use crate::evidence::build::{BuildStep, Execution, Work};
use crate::oci::Digest;
use crate::rules::build::build_step_not_shared::RULE;
use crate::rules::tests::build::{image, run};
use crate::rules::tests::{Case, caught, silent};

/// The same as what other steps do.
fn like(step: BuildStep, what: &str) -> BuildStep {
    let execution = step.execution().expect("an execution").clone();
    let execution = Execution { likeness: Digest::of(what.as_bytes()), ..execution };
    BuildStep { work: Work::Execution(execution), ..step }
}

pub(in crate::rules) fn cases() -> Vec<Case> {
    let download = |purpose: &[&str]| run("RUN go mod download", "linux/amd64", purpose);
    let both = || vec![download(&["linux/amd64"]), download(&["linux/arm64"])];
    let alike = || both().into_iter().map(|it| like(it, "modules")).collect::<Vec<_>>();
    vec![
        caught(RULE.rule, "declared, and executed twice", image(), &["error - 2:1"])
            .made_by(both())
            .sharing("go  mod download"),
        caught(RULE.rule, "declared, and misspelt", image(), &["error - -"])
            .made_by(both())
            .sharing("go mod downlaod"),
        caught(RULE.rule, "twice to the same effect", image(), &["warning - 2:1"]).made_by(alike()),
        caught(RULE.rule, "the same, declared, is told once", image(), &["error - 2:1"])
            .made_by(alike())
            .sharing("go mod download"),
        silent(RULE.rule, "twice, and nobody knows to what effect", image()).made_by(both()),
        silent(RULE.rule, "declared, and shared", image())
            .made_by(vec![download(&["linux/amd64", "linux/arm64"])])
            .sharing("go mod download"),
        silent(RULE.rule, "the same in two stages", image()).made_by(vec![
            like(download(&["linux/amd64", "linux/arm64"]), "modules"),
            BuildStep {
                stage: "tests".to_owned(),
                ..like(download(&["linux/amd64", "linux/arm64"]), "modules")
            },
        ]),
    ]
}
