use crate::fixture::{ElfFile, Layer, Variant};
use crate::rules::elf::elf_isa_too_new::RULE;
use crate::rules::tests::run::{APP, dead, exited, on};
use crate::rules::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    let declaring = || {
        let app = ElfFile::of("linux/arm64")
            .with_go_build("go1.24.4", "build\tGOARCH=arm64\nbuild\tGOARM64=v8.0,lse\n");
        Variant::new("linux/arm64")
            .layer(Layer::new().executable("app", app.bytes()))
            .entrypoint(&["/app"])
    };
    vec![
        caught(
            RULE.rule,
            "what the file declares and what the run shows is one finding",
            declaring(),
            APP,
        )
        .after([dead(), on("max", exited(0))]),
    ]
}
