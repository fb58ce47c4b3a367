use crate::rules::index::index_nested::RULE;
use crate::rules::tests::index::healthy;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let nested = healthy(&["linux/amd64"]).and_index(healthy(&["linux/arm64"]));
    vec![
        caught(RULE.rule, "one index a platform, put together again", nested, &["error - -"]),
        silent(
            RULE.rule,
            "an attestation beside each variant",
            healthy(&["linux/amd64"]).and_attestation(),
        ),
    ]
}
