use crate::rules::entrypoint::entrypoint_missing::RULE;
use crate::rules::tests::inits::base;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    let running = |words: &[&str]| base().entrypoint(words);
    vec![
        caught(
            RULE.rule,
            "an init's program is not there",
            running(&["tini", "-g", "--", "/usr/bin/app"]),
            &["error linux/arm64 /usr/bin/app"],
        ),
        caught(
            RULE.rule,
            "an init's program, which CMD names",
            running(&["/sbin/tini", "--"]).cmd(&["app", "serve"]),
            &["error linux/arm64 app"],
        ),
        caught(
            RULE.rule,
            "an init without a program",
            running(&["/sbin/tini", "--"]),
            &["note linux/arm64 -"],
        ),
        silent(
            RULE.rule,
            "an init's program and its arguments",
            running(&["/sbin/tini", "-e", "143", "--"]).cmd(&["sh", "nothing"]),
        ),
        silent(RULE.rule, "an init of an init", running(&["tini", "--", "tini", "sh"])),
    ]
}
