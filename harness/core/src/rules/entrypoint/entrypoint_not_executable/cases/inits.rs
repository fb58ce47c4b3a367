use crate::rules::entrypoint::entrypoint_not_executable::RULE;
use crate::rules::tests::inits::{SCRIPT, script};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "an init's script without permission",
            script(0o644, "#!/bin/sh\n"),
            SCRIPT,
        ),
        silent(RULE.rule, "no `#!`: an init asks a shell", script(0o755, "exec app\n")),
    ]
}
