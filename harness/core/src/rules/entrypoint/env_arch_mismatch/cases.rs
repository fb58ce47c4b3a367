use crate::fixture::Variant;
use crate::rules::entrypoint::env_arch_mismatch::RULE;
use crate::rules::tests::environment::with;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    [values(), steps(), cross_compilers()].into_iter().flatten().collect()
}

const FOUND: &[&str] = &["warning linux/arm64 -"];

fn values() -> Vec<Case> {
    vec![
        caught(RULE.rule, "inherited from another base", with(&["QEMU_ARCH=x86_64"]), FOUND),
        caught(RULE.rule, "an ARG made lasting", with(&["TARGETARCH=amd64"]), FOUND),
        silent(RULE.rule, "the platform's own", with(&["QEMU_ARCH=aarch64", "TARGETARCH=arm64"])),
        silent(RULE.rule, "no architecture", with(&["QEMU_ARCH=", "MARCH=native", "ARCH=any"])),
        silent(RULE.rule, "the builder's", with(&["BUILD_ARCH=amd64", "BUILDARCH=amd64"])),
        silent(RULE.rule, "a compiler's target", with(&["GOARCH=amd64"])),
        silent(RULE.rule, "the last of several counts", with(&["ARCH=amd64", "ARCH=arm64"])),
        silent(
            RULE.rule,
            "i386 in amd64",
            Variant::healthy("linux/amd64").env(&["WINEARCH=win32", "ARCH=i386"]),
        ),
    ]
}

fn steps() -> Vec<Case> {
    let made_by = |step| Variant::healthy("linux/arm64").made_by(&[step]);
    vec![
        caught(
            RULE.rule,
            "a default shadows the builder's value",
            made_by("RUN |2 VERSION=1 TARGETARCH=amd64 /bin/sh -c make # buildkit"),
            FOUND,
        ),
        silent(
            RULE.rule,
            "the builder's value",
            made_by("RUN |2 VERSION=1 TARGETARCH=arm64 /bin/sh -c make # buildkit"),
        ),
        silent(
            RULE.rule,
            "words of the command are no arguments",
            made_by("RUN |1 VERSION=1 /bin/sh -c make TARGETARCH=amd64 # buildkit"),
        ),
    ]
}

fn cross_compilers() -> Vec<Case> {
    let on_amd64 = |variables: &[&str]| Variant::healthy("linux/amd64").env(variables);
    vec![silent(
        RULE.rule,
        "a cross compiler's target",
        on_amd64(&["CROSS_COMPILE=aarch64-linux-gnu-", "ARCH=arm64"]),
    )]
}
