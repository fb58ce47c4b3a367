use crate::fixture::{Layer, Variant};
use crate::rules::elf::executable_foreign_format::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    let mach_o = b"\xcf\xfa\xed\xfe\x0c\0\0\x01";
    let with = |layer: Layer| {
        let vendor = Layer::new().executable("srv/vendor/darwin-arm64/tool", mach_o);
        Variant::healthy("linux/arm64").layer(vendor).layer(layer)
    };
    vec![
        caught(
            RULE.rule,
            "a name in PATH leads to macOS's",
            with(Layer::new().symlink("usr/bin/tool", "/srv/vendor/darwin-arm64/tool")),
            &["warning linux/arm64 /srv/vendor/darwin-arm64/tool"],
        ),
        silent(
            RULE.rule,
            "a name that says so",
            with(Layer::new().symlink("usr/bin/tool-macos", "/srv/vendor/darwin-arm64/tool")),
        ),
    ]
}
