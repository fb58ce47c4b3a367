use crate::evidence::run::RunEnd;
use crate::fixture::Variant;
use crate::rules::run::run_failed::RULE;
use crate::rules::tests::parity::three;
use crate::rules::tests::run::run;
use crate::rules::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    let image = || three(Variant::healthy);
    vec![
        caught(
            RULE.rule,
            "one that fails prints what it wants",
            image(),
            &["error linux/arm64 /app"],
        )
        .after_each([
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 0 }, "a"),
            run(RunEnd::Exited { code: 1 }, "b"),
        ])
        .demanding(&[])
        .besides(&["ParityOutput error linux/arm64 -"]),
    ]
}
