use crate::rules::run::run_foreign_executable::RULE;
use crate::rules::tests::run::{exited, healthy, on, refused, with_helper};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "a helper that came into being",
            healthy(),
            &["error linux/arm64 /tmp/helper"],
        )
        .after([refused("/tmp/helper", 126)]),
        caught(
            RULE.rule,
            "although the program went on without it",
            healthy(),
            &["error linux/arm64 /tmp/helper"],
        )
        .after([refused("/tmp/helper", 0)]),
        silent(RULE.rule, "nothing was refused", with_helper("linux/arm64"))
            .after([on("cortex-a53", exited(0))]),
    ]
}
