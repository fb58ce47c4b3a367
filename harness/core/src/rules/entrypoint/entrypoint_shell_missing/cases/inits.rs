use crate::fixture::{Layer, Variant, program};
use crate::rules::entrypoint::entrypoint_shell_missing::RULE;
use crate::rules::tests::inits::base;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    let running = |words: &[&str]| base().entrypoint(words);
    let bare = Variant::new("linux/arm64")
        .layer(Layer::new().executable("tini", program("linux/arm64")))
        .entrypoint(&["/tini", "--"]);
    vec![
        caught(
            RULE.rule,
            "an init's command in shell form, without a shell",
            bare.clone().cmd(&["/bin/sh", "-c", "app"]),
            &["error linux/arm64 /bin/sh"],
        ),
        silent(RULE.rule, "an init's command in shell form", {
            running(&["tini", "--"]).cmd(&["/bin/sh", "-c", "app"])
        }),
    ]
}
