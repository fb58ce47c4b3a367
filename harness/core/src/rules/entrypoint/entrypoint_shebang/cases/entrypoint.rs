use crate::fixture::{Layer, program};
use crate::rules::entrypoint::entrypoint_shebang::RULE;
use crate::rules::tests::entrypoint::{debian, starting};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [shebang(), env()].into_iter().flatten().collect()
}

fn shebang() -> Vec<Case> {
    let app: &[&str] = &["error linux/amd64 /app"];
    let chain = |length: usize| {
        let scripts = (0..length).fold(Layer::new(), |layer, at| {
            layer.executable(&format!("s/{at}"), format!("#!/s/{}\n", at + 1))
        });
        let last = scripts.executable(&format!("s/{length}"), program("linux/amd64"));
        debian().layer(last).entrypoint(&["/s/0"])
    };
    vec![
        caught(RULE.rule, "Alpine has no bash", starting("#!/bin/bash\n"), app),
        caught(RULE.rule, "Windows line endings", starting("#!/bin/sh\r\necho\r\n"), app),
        caught(
            RULE.rule,
            "Windows line endings after an argument",
            starting("#!/bin/sh -e\r\n"),
            app,
        ),
        caught(RULE.rule, "a byte order mark", starting("\u{feff}#!/bin/sh\n"), app),
        caught(RULE.rule, "a comment comes first", starting("# licence\n#!/bin/sh\n"), app),
        caught(RULE.rule, "a blank line comes first", starting("\n#!/bin/sh\n"), app),
        caught(RULE.rule, "no interpreter", starting("#!\n"), app),
        caught(
            RULE.rule,
            "an interpreter of interpreters without end",
            chain(6),
            &["error linux/amd64 /s/5"],
        ),
        silent(RULE.rule, "as many interpreters as the kernel follows", chain(5)),
        silent(RULE.rule, "an interpreter behind links", starting("#!/bin/sh\n")),
        silent(RULE.rule, "blanks around it", starting("#! \t/bin/sh \t-e  \n")),
        silent(RULE.rule, "carriage returns after the first line", starting("#!/bin/sh\necho\r\n")),
        silent(RULE.rule, "no line ending", starting("#!/bin/sh")),
        silent(
            RULE.rule,
            "an interpreter relative to the working directory",
            starting("#!usr/bin/sh\n"),
        ),
    ]
}

fn env() -> Vec<Case> {
    let app: &[&str] = &["error linux/amd64 /app"];
    vec![
        caught(RULE.rule, "env is there, python is not", starting("#!/usr/bin/env python3\n"), app),
        caught(
            RULE.rule,
            "env -S, python is not there",
            starting("#!/usr/bin/env -S python3 -u\n"),
            app,
        ),
        caught(
            RULE.rule,
            "env takes the whole line as one name",
            starting("#!/usr/bin/env sh -e\n"),
            app,
        ),
        caught(RULE.rule, "env with Windows line endings", starting("#!/usr/bin/env sh\r\n"), app),
        silent(RULE.rule, "env", starting("#!/usr/bin/env sh\n")),
        silent(RULE.rule, "env -S", starting("#!/usr/bin/env -S sh -e\n")),
        silent(RULE.rule, "env -S with a variable", starting("#!/usr/bin/env -S A=b sh -e\n")),
        silent(RULE.rule, "env with its own options", starting("#!/usr/bin/env -i python3\n")),
        silent(RULE.rule, "env -S with options", starting("#!/usr/bin/env -S -u HOME python3\n")),
        silent(RULE.rule, "env -S with quotes", starting("#!/usr/bin/env -S \"sh\" -e\n")),
    ]
}
