use crate::fixture::{ElfFile, Layer, program};
use crate::rules::linking::interpreter_missing::RULE;
use crate::rules::tests::linking::musl;
use crate::rules::tests::{Case, silent};

/// Packages with a build for either C library, and what comes from elsewhere.
pub(super) fn cases() -> Vec<Case> {
    let glibc = || {
        let file = ElfFile::of("linux/amd64").shared();
        file.with_interpreter("/lib64/ld-linux-x86-64.so.2").bytes()
    };
    let with = |path: &str, file: Vec<u8>| musl().layer(Layer::new().executable(path, file));
    vec![silent(
        RULE.rule,
        "an engine named for the distribution",
        with("srv/schema-engine-debian-openssl-3.0.x", glibc()).layer(
            Layer::new()
                .executable("srv/schema-engine-linux-musl-openssl-3.0.x", program("linux/amd64")),
        ),
    )]
}
