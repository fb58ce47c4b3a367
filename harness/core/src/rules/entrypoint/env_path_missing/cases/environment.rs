use crate::fixture::Variant;
use crate::rules::entrypoint::env_path_missing::RULE;
use crate::rules::tests::environment::with;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    let on_amd64 = |variables: &[&str]| Variant::healthy("linux/amd64").env(variables);
    vec![
        silent(
            RULE.rule,
            "a cross compiler's folders may be empty",
            on_amd64(&[
                "CROSS_TOOLCHAIN_PREFIX=aarch64-linux-gnu-",
                "PKG_CONFIG_PATH=/usr/lib/aarch64-linux-gnu/pkgconfig/:",
            ]),
        ),
        silent(
            RULE.rule,
            "a command with an architecture as its argument",
            on_amd64(&["RUNNER=/app aarch64"]),
        ),
        caught(
            RULE.rule,
            "two preloads, separated by a blank",
            with(&["LD_PRELOAD=/usr/lib/x86_64-linux-gnu/a.so /usr/lib/x86_64-linux-gnu/b.so"]),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu/a.so"],
        ),
    ]
}
