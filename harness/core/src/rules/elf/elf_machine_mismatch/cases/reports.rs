use crate::fixture::{ElfFile, Layer, Variant, library, program};
use crate::rules::elf::elf_machine_mismatch::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    let jdk = |platform| {
        let script = "#!/bin/sh\nexec /opt/jdk/bin/java\n";
        let layer = Layer::new()
            .executable("bin/sh", program("linux/arm64"))
            .executable("entrypoint.sh", script)
            .executable("opt/jdk/bin/java", program(platform))
            .file("opt/jdk/lib/server/libjvm.so", 0o644, library(platform));
        Variant::new("linux/arm64").layer(layer).entrypoint(&["/entrypoint.sh"])
    };
    let userland = |image| {
        let layer = Layer::new()
            .executable("bin/sh", program("linux/amd64"))
            .executable("usr/lib/libc.so", library("linux/amd64"))
            .executable("app", program("linux/amd64"));
        Variant::new(image).layer(layer).entrypoint(&["/app"])
    };
    let loader = "/lib64/ld-linux-x86-64.so.2";
    let dynamic = ElfFile::of("linux/amd64").shared().with_interpreter(loader);
    let helper = |platform| {
        Variant::healthy("linux/arm64").layer(
            Layer::new()
                .executable("layers/pack/helper/bin/helper", program(platform))
                .symlink("layers/pack/helper/exec.d/env", "../bin/helper"),
        )
    };
    let s6 = |platform| {
        let layer = Layer::new().executable("command/s6-svscan", program(platform));
        Variant::healthy("linux/arm/v7").layer(layer)
    };
    vec![
        caught(
            RULE.rule,
            "the entrypoint is a script and right, the JDK that it starts is not",
            jdk("linux/amd64"),
            &[
                "error linux/arm64 /opt/jdk/bin/java",
                "error linux/arm64 /opt/jdk/lib/server/libjvm.so",
            ],
        ),
        silent(RULE.rule, "the same with its own JDK", jdk("linux/arm64")),
        caught(
            RULE.rule,
            "the published stage is the builder's: everything is wrong",
            userland("linux/arm64"),
            &[
                "error linux/arm64 /app",
                "error linux/arm64 /bin/sh",
                "error linux/arm64 /usr/lib/libc.so",
            ],
        ),
        silent(RULE.rule, "the same where it belongs", userland("linux/amd64")),
        caught(
            RULE.rule,
            "no such file, say kernel and shell: its loader is another machine's as well",
            Variant::new("linux/arm64")
                .layer(Layer::new().executable("usr/local/bin/claude", dynamic.bytes()))
                .entrypoint(&["claude"]),
            &["error linux/arm64 /usr/local/bin/claude"],
        ),
        caught(
            RULE.rule,
            "a helper behind a link, outside PATH",
            helper("linux/amd64"),
            &["error linux/arm64 /layers/pack/helper/bin/helper"],
        ),
        silent(RULE.rule, "the same helper, right", helper("linux/arm64")),
        caught(
            RULE.rule,
            "an init for 64-bit ARM in arm/v7",
            s6("linux/arm64"),
            &["error linux/arm/v7 /command/s6-svscan"],
        ),
        silent(RULE.rule, "an init for an older ARM in arm/v7", s6("linux/arm/v6")),
        silent(
            RULE.rule,
            "arm without a variant",
            Variant::healthy("linux/arm")
                .layer(Layer::new().executable("s6", program("linux/arm"))),
        ),
    ]
}
