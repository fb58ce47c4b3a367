use super::{Case, Rule, caught, silent};
use crate::fixture::Variant;

pub(super) fn cases() -> Vec<Case> {
    [values(), steps(), cross_compilers()].into_iter().flatten().collect()
}

const FOUND: &[&str] = &["warning linux/arm64 -"];

fn with(variables: &[&str]) -> Variant {
    Variant::healthy("linux/arm64").env(variables)
}

fn values() -> Vec<Case> {
    use Rule::EnvArchMismatch as Mismatch;
    vec![
        caught(Mismatch, "inherited from another base", with(&["QEMU_ARCH=x86_64"]), FOUND),
        caught(Mismatch, "an ARG made lasting", with(&["TARGETARCH=amd64"]), FOUND),
        silent(Mismatch, "the platform's own", with(&["QEMU_ARCH=aarch64", "TARGETARCH=arm64"])),
        silent(Mismatch, "no architecture", with(&["QEMU_ARCH=", "MARCH=native", "ARCH=any"])),
        silent(Mismatch, "the builder's", with(&["BUILD_ARCH=amd64", "BUILDARCH=amd64"])),
        silent(Mismatch, "a compiler's target", with(&["GOARCH=amd64"])),
        silent(Mismatch, "the last of several counts", with(&["ARCH=amd64", "ARCH=arm64"])),
        silent(
            Mismatch,
            "i386 in amd64",
            Variant::healthy("linux/amd64").env(&["WINEARCH=win32", "ARCH=i386"]),
        ),
    ]
}

fn steps() -> Vec<Case> {
    use Rule::EnvArchMismatch as Mismatch;
    let made_by = |step| Variant::healthy("linux/arm64").made_by(&[step]);
    vec![
        caught(
            Mismatch,
            "a default shadows the builder's value",
            made_by("RUN |2 VERSION=1 TARGETARCH=amd64 /bin/sh -c make # buildkit"),
            FOUND,
        ),
        silent(
            Mismatch,
            "the builder's value",
            made_by("RUN |2 VERSION=1 TARGETARCH=arm64 /bin/sh -c make # buildkit"),
        ),
        silent(
            Mismatch,
            "words of the command are no arguments",
            made_by("RUN |1 VERSION=1 /bin/sh -c make TARGETARCH=amd64 # buildkit"),
        ),
    ]
}

fn cross_compilers() -> Vec<Case> {
    let on_amd64 = |variables: &[&str]| Variant::healthy("linux/amd64").env(variables);
    vec![
        silent(
            Rule::EnvArchMismatch,
            "a cross compiler's target",
            on_amd64(&["CROSS_COMPILE=aarch64-linux-gnu-", "ARCH=arm64"]),
        ),
        silent(
            Rule::EnvPathMissing,
            "a cross compiler's folders may be empty",
            on_amd64(&[
                "CROSS_TOOLCHAIN_PREFIX=aarch64-linux-gnu-",
                "PKG_CONFIG_PATH=/usr/lib/aarch64-linux-gnu/pkgconfig/:",
            ]),
        ),
        silent(
            Rule::EnvPathMissing,
            "a command with an architecture as its argument",
            on_amd64(&["RUNNER=/app aarch64"]),
        ),
        caught(
            Rule::EnvPathMissing,
            "two preloads, separated by a blank",
            with(&["LD_PRELOAD=/usr/lib/x86_64-linux-gnu/a.so /usr/lib/x86_64-linux-gnu/b.so"]),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu/a.so"],
        ),
    ]
}
