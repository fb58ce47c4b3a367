use crate::evidence::image::ImagePath;
use crate::evidence::run::RunEvidence;
use crate::fixture::{Layer, Variant, program};
use crate::rules::elf::elf_machine_mismatch::RULE;
use crate::rules::tests::run::{
    APP, behind_init, exited, refused, with_helper, with_init, wrong_app,
};
use crate::rules::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    [explained(), foreign()].into_iter().flatten().collect()
}

/// What the bytes have said already is not said again of the run.
fn explained() -> Vec<Case> {
    let script = RunEvidence { program: ImagePath::clean("/usr/bin/sh"), ..exited(255) };
    vec![
        caught(RULE.rule, "and so it cannot start", wrong_app(), APP).after([exited(255)]),
        caught(RULE.rule, "although the builder's machine runs it", wrong_app(), APP)
            .after([exited(0)]),
        caught(
            RULE.rule,
            "the script's interpreter cannot start",
            Variant::new("linux/arm64")
                .layer(
                    Layer::new()
                        .executable("app", "#!/usr/bin/sh\n")
                        .executable("usr/bin/sh", program("linux/s390x")),
                )
                .entrypoint(&["/app"]),
            &["error linux/arm64 /usr/bin/sh"],
        )
        .after([script]),
        caught(
            RULE.rule,
            "and so its init cannot start it",
            with_init(program("linux/amd64")),
            APP,
        )
        .after([behind_init()]),
    ]
}

fn foreign() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "the run wanted what the bytes had shown, behind a link",
            with_helper("linux/amd64"),
            &["error linux/arm64 /opt/helper"],
        )
        .after([refused("/h", 126)]),
    ]
}
