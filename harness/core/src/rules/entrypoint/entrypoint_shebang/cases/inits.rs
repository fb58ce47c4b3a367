use crate::rules::entrypoint::entrypoint_shebang::RULE;
use crate::rules::tests::inits::{SCRIPT, script};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "an init's script with Windows line endings",
            script(0o755, "#!/bin/sh\r\nexec app\r\n"),
            SCRIPT,
        ),
        caught(
            RULE.rule,
            "an init's script for bash, which is not there",
            script(0o755, "#!/bin/bash\n"),
            SCRIPT,
        ),
        silent(RULE.rule, "an init's script", script(0o755, "#!/bin/sh\n")),
        silent(RULE.rule, "a comment first: an init asks a shell", {
            script(0o755, "# licence\n#!/bin/sh\n")
        }),
    ]
}
