use crate::fixture::{ElfFile, Image, Layer, Variant};
use crate::rules::parity::parity_identical_binary::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let arm = |platform: &'static str, lines: &str| {
        let file = ElfFile::of(platform).with_go_build("go1.24", lines).bytes();
        Variant::new(platform).layer(Layer::new().executable("app", file)).entrypoint(&["/app"])
    };
    let lines = |arm: &str| format!("build\tGOARCH=arm\nbuild\tGOARM={arm}\n");
    vec![
        caught(
            RULE.rule,
            "ARMv6 code for ARMv7",
            Image::new([arm("linux/arm/v6", &lines("6")), arm("linux/arm/v7", &lines("6"))]),
            &["note linux/arm/v7 /app"],
        ),
        silent(
            RULE.rule,
            "each its own",
            Image::new([arm("linux/arm/v6", &lines("6")), arm("linux/arm/v7", &lines("7"))]),
        ),
    ]
}
