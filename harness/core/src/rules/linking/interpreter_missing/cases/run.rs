use crate::fixture::{ElfFile, Layer, Variant};
use crate::rules::linking::interpreter_missing::RULE;
use crate::rules::tests::run::{APP, exited};
use crate::rules::tests::{Case, caught};

/// What the bytes have said already is not said again of the run.
pub(super) fn cases() -> Vec<Case> {
    vec![
        caught(
            RULE.rule,
            "the program has no loader, and so it cannot start",
            Variant::new("linux/arm64")
                .layer(Layer::new().executable(
                    "app",
                    ElfFile::of("linux/arm64").with_interpreter("/lib/ld.so").bytes(),
                ))
                .entrypoint(&["/app"]),
            APP,
        )
        .after([exited(255)]),
    ]
}
