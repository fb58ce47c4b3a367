use crate::fixture::{ElfFile, Image, Layer};
use crate::rules::linking::interpreter_missing::RULE;
use crate::rules::tests::inits::base;
use crate::rules::tests::{Case, caught};

pub(super) fn cases() -> Vec<Case> {
    let running = |words: &[&str]| base().entrypoint(words);
    let dynamic =
        ElfFile::of("linux/arm64").shared().with_interpreter("/lib/ld-linux-aarch64.so.1");
    let loader = ElfFile::of("linux/arm64").shared().with_soname("ld-musl-aarch64.so.1").bytes();
    let linked = running(&["tini", "/app"]).layer(
        Layer::new()
            .executable("app", dynamic.bytes())
            .executable("lib/ld-musl-aarch64.so.1", loader),
    );
    vec![caught(
        RULE.rule,
        "an init's program is the entrypoint",
        Image::new([linked]),
        &["error linux/arm64 /app"],
    )]
}
