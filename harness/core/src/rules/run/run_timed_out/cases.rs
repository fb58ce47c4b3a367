use crate::rules::run::run_timed_out::RULE;
use crate::rules::tests::run::{APP, exited, healthy, late};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    vec![
        caught(RULE.rule, "a program that waits for something", healthy(), APP).after([late()]),
        silent(RULE.rule, "it ended in time", healthy()).after([exited(0)]),
    ]
}
