use crate::evidence::image::ImagePath;
use crate::evidence::run::RunEvidence;
use crate::fixture::{Layer, Variant, program};
use crate::rules::entrypoint::entrypoint_shebang::RULE;
use crate::rules::tests::run::{APP, exited};
use crate::rules::tests::{Case, caught};

/// What the bytes have said already is not said again of the run.
pub(super) fn cases() -> Vec<Case> {
    let behind_init = || {
        let words = ["/tini", "--", "/app"].map(str::to_owned);
        let tini = ImagePath::clean("/tini");
        RunEvidence {
            command: words.to_vec(),
            entrypoint: tini.clone(),
            program: tini,
            ..exited(255)
        }
    };
    let with_init = |app: Vec<u8>| {
        let tini = Layer::new().executable("tini", program("linux/arm64"));
        Variant::new("linux/arm64")
            .layer(tini.executable("app", app))
            .entrypoint(&["/tini", "--", "/app"])
    };
    let _script = RunEvidence { program: ImagePath::clean("/usr/bin/sh"), ..exited(255) };
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
