use crate::evidence::run::{RunEnd, RunEvidence};
use crate::fixture::Variant;
use crate::rules::run::run_foreign_executable::RULE;
use crate::rules::tests::parity::three;
use crate::rules::tests::run::run;
use crate::rules::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    let image = || three(Variant::healthy);
    vec![
        caught(
            RULE.rule,
            "what was refused would have printed something",
            image(),
            &["error linux/arm64 /tmp/helper"],
        )
        .after_each([
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 0 }, "a"),
            RunEvidence {
                foreign: vec!["/tmp/helper".to_owned()],
                ..run(RunEnd::Exited { code: 0 }, "b")
            },
        ]),
    ]
}
