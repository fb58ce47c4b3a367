use crate::rules::entrypoint::entrypoint_shebang::RULE;
use crate::rules::tests::run::{APP, behind_init, with_init};
use crate::rules::tests::{Case, caught};

/// What the bytes have said already is not said again of the run.
pub(super) fn cases() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "and so its init cannot start the script",
            with_init(b"#!/bin/sh\r\n".to_vec()),
            APP,
        )
        .after([behind_init()]),
    ]
}
