use crate::fixture::Variant;
use crate::rules::entrypoint::entrypoint_shell_missing::RULE;
use crate::rules::tests::entrypoint::debian;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    let scratch = || Variant::healthy("linux/amd64").entrypoint(&[]);
    let sh: &[&str] = &["error linux/amd64 /bin/sh"];
    vec![
        caught(
            RULE.rule,
            "ENTRYPOINT app on scratch",
            scratch().entrypoint(&["/bin/sh", "-c", "/app"]),
            sh,
        ),
        caught(RULE.rule, "CMD app on scratch", scratch().cmd(&["/bin/sh", "-c", "/app"]), sh),
        caught(
            RULE.rule,
            "SHELL with options",
            scratch().entrypoint(&["/bin/bash", "-o", "pipefail", "-c", "/app"]),
            &["error linux/amd64 /bin/bash"],
        ),
        caught(
            RULE.rule,
            "a shell to be searched",
            scratch().entrypoint(&["sh", "-c", "/app"]),
            &["error linux/amd64 sh"],
        ),
        silent(RULE.rule, "ENTRYPOINT", debian().entrypoint(&["/bin/sh", "-c", "exec app"])),
        silent(RULE.rule, "CMD", debian().cmd(&["/bin/sh", "-c", "exec app"])),
        silent(RULE.rule, "exec form needs no shell", Variant::healthy("linux/amd64")),
    ]
}
