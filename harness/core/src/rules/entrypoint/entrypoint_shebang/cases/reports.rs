use crate::fixture::{Layer, Variant, program};
use crate::rules::entrypoint::entrypoint_shebang::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    let starting = |text: String| {
        let layer =
            Layer::new().executable("bin/sh", program("linux/amd64")).executable("app", text);
        Variant::new("linux/amd64").layer(layer).entrypoint(&["/app"])
    };
    let long = "d/".repeat(130);
    vec![
        caught(
            RULE.rule,
            "a line longer than the kernel reads",
            starting(format!("#!/{long}sh\n"))
                .layer(Layer::new().executable(&format!("{long}sh"), program("linux/amd64"))),
            &["error linux/amd64 /app"],
        ),
        silent(
            RULE.rule,
            "an argument longer than the kernel reads",
            starting(format!("#!/bin/sh {long}\n")),
        ),
        silent(
            RULE.rule,
            "a directory of the working directory's name need not be there",
            starting("#!/bin/sh\n".to_owned()).working_dir("/srv/none"),
        ),
    ]
}
