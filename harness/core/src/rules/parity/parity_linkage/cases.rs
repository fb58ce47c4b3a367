use crate::fixture::{ElfFile, Image, Layer, Variant};
use crate::rules::parity::parity_linkage::RULE;
use crate::rules::tests::parity::three;
use crate::rules::tests::{Case, caught, silent};
use std::collections::BTreeMap;

pub(in crate::rules) fn cases() -> Vec<Case> {
    /// Each with its own loader.
    fn dynamic(name: &'static str, libc: &str) -> Variant {
        let loaders = BTreeMap::from([
            (("linux/amd64", "glibc"), "/lib64/ld-linux-x86-64.so.2"),
            (("linux/arm64", "glibc"), "/lib/ld-linux-aarch64.so.1"),
            (("linux/amd64", "musl"), "/lib/ld-musl-x86_64.so.1"),
            (("linux/arm64", "musl"), "/lib/ld-musl-aarch64.so.1"),
        ]);
        let loader = loaders[&(name, libc)];
        let app = ElfFile::of(name).with_interpreter(loader).bytes();
        let layer = Layer::new().executable("app", app);
        let layer = layer.executable(&loader[1..], ElfFile::of(name).shared().bytes());
        Variant::new(name).layer(layer).entrypoint(&["/app"])
    }
    let app = &["warning linux/arm64 /app"];
    vec![
        caught(
            RULE.rule,
            "dynamic on one alone",
            Image::new([Variant::healthy("linux/amd64"), dynamic("linux/arm64", "musl")]),
            app,
        ),
        caught(
            RULE.rule,
            "another C library",
            Image::new([dynamic("linux/amd64", "glibc"), dynamic("linux/arm64", "musl")]),
            app,
        ),
        silent(
            RULE.rule,
            "the same C library by another loader",
            Image::new([dynamic("linux/amd64", "glibc"), dynamic("linux/arm64", "glibc")]),
        ),
        silent(RULE.rule, "static everywhere", three(Variant::healthy)),
    ]
}
