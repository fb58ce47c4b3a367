use crate::fixture::{ElfFile, Layer, library};
use crate::rules::linking::library_missing::RULE;
use crate::rules::tests::linking::musl;
use crate::rules::tests::{Case, caught, silent};

/// Packages with a build for either C library, and what comes from elsewhere.
pub(super) fn cases() -> Vec<Case> {
    let needing = |name| ElfFile::of("linux/amd64").shared().with_needed(&[name]).bytes();
    let with = |path: &str, file: Vec<u8>| musl().layer(Layer::new().executable(path, file));
    vec![
        caught(
            RULE.rule,
            "the driver's library comes with the host's driver",
            with("opt/gpu.so", needing("libcuda.so.1")),
            &["note linux/amd64 /opt/gpu.so"],
        ),
        caught(
            RULE.rule,
            "the toolkit's library does not",
            with("opt/gpu.so", needing("libcudart.so.12")),
            &["warning linux/amd64 /opt/gpu.so"],
        ),
        caught(
            RULE.rule,
            "Java's windows where there is no X",
            with("opt/jdk/lib/libawt_xawt.so", needing("libX11.so.6")).layer(Layer::new().file(
                "opt/jdk/lib/libjava.so",
                0o644,
                library("linux/amd64"),
            )),
            &["note linux/amd64 /opt/jdk/lib/libawt_xawt.so"],
        ),
        silent(
            RULE.rule,
            "sharp's builds for either C library",
            with("srv/@img/sharp-linux-x64/sharp.node", needing("libc.so.6")).layer(
                Layer::new().file(
                    "srv/@img/sharp-linuxmusl-x64/sharp.node",
                    0o644,
                    needing("libc.musl-x86_64.so.1"),
                ),
            ),
        ),
    ]
}
