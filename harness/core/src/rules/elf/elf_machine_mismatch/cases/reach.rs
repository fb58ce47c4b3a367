use crate::elf::Machine;
use crate::fixture::{ElfFile, Layer, Variant, program};
use crate::rules::elf::elf_machine_mismatch::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [entrypoints(), commands(), second_architectures()].into_iter().flatten().collect()
}

/// A package with a build for each of two machines, in an arm64 image.
fn package() -> Layer {
    Layer::new()
        .executable("opt/tool/linux-amd64/tool", program("linux/amd64"))
        .executable("opt/tool/linux-arm64/tool", program("linux/arm64"))
}

const WRONG: &[&str] = &["error linux/arm64 /opt/tool/linux-amd64/tool"];

fn entrypoints() -> Vec<Case> {
    let starting = |word: &str| Variant::new("linux/arm64").layer(package()).entrypoint(&[word]);
    let script = |line: &str| Layer::new().executable("app", line);
    vec![
        caught(
            RULE.rule,
            "the command names the wrong one",
            starting("/opt/tool/linux-amd64/tool"),
            WRONG,
        ),
        silent(RULE.rule, "the command names the right one", {
            starting("/opt/tool/linux-arm64/tool")
        }),
        caught(
            RULE.rule,
            "the command is a link to the wrong one",
            starting("/app").layer(Layer::new().symlink("app", "opt/tool/linux-amd64/tool")),
            WRONG,
        ),
        silent(
            RULE.rule,
            "the command is a link to the right one",
            starting("/app").layer(Layer::new().symlink("app", "opt/tool/linux-arm64/tool")),
        ),
        caught(
            RULE.rule,
            "the command is a script for the wrong one",
            starting("/app").layer(script("#!/opt/tool/linux-amd64/tool\n")),
            WRONG,
        ),
        caught(
            RULE.rule,
            "an init starts the wrong one",
            starting("/tini")
                .layer(Layer::new().executable("tini", program("linux/arm64")))
                .entrypoint(&["/tini", "--", "/opt/tool/linux-amd64/tool"]),
            WRONG,
        ),
        caught(
            RULE.rule,
            "the command is what a test would read",
            Variant::new("linux/arm64")
                .layer(Layer::new().executable("testdata/app", program("linux/amd64")))
                .entrypoint(&["/testdata/app"]),
            &["error linux/arm64 /testdata/app"],
        ),
    ]
}

fn commands() -> Vec<Case> {
    let with = |layer: Layer| Variant::healthy("linux/arm64").layer(package()).layer(layer);
    let side_by_side = || {
        Layer::new()
            .executable("usr/local/bin/ctl-amd64", program("linux/amd64"))
            .executable("usr/local/bin/ctl-arm64", program("linux/arm64"))
    };
    vec![
        caught(
            RULE.rule,
            "a name in PATH leads to the wrong one",
            with(Layer::new().symlink("usr/local/bin/tool", "/opt/tool/linux-amd64/tool")),
            WRONG,
        ),
        caught(
            RULE.rule,
            "by way of alternatives",
            with(
                Layer::new()
                    .symlink("usr/bin/tool", "/etc/alternatives/tool")
                    .symlink("etc/alternatives/tool", "/opt/tool/linux-amd64/tool"),
            ),
            WRONG,
        ),
        caught(
            RULE.rule,
            "PATH has the wrong folder",
            with(Layer::new()).env(&["PATH=/usr/bin:/opt/tool/linux-amd64"]),
            WRONG,
        ),
        caught(
            RULE.rule,
            "a second name of the wrong one",
            Variant::healthy("linux/arm64")
                .layer(package().hardlink("usr/local/bin/tool", "opt/tool/linux-amd64/tool")),
            WRONG,
        ),
        silent(
            RULE.rule,
            "a name in PATH leads to the right one",
            with(Layer::new().symlink("usr/local/bin/tool", "/opt/tool/linux-arm64/tool")),
        ),
        silent(
            RULE.rule,
            "PATH has the right one first",
            with(Layer::new()).env(&["PATH=/opt/tool/linux-arm64:/opt/tool/linux-amd64"]),
        ),
        silent(
            RULE.rule,
            "names that say which machine they are for",
            with(
                side_by_side()
                    .symlink("usr/local/bin/tool-x86_64", "/opt/tool/linux-amd64/tool")
                    .symlink("usr/local/bin/ctl", "ctl-arm64"),
            ),
        ),
        caught(
            RULE.rule,
            "one of two names beside one another, the wrong one chosen",
            with(side_by_side().symlink("usr/local/bin/ctl", "ctl-amd64")),
            &["error linux/arm64 /usr/local/bin/ctl-amd64"],
        ),
        silent(
            RULE.rule,
            "eBPF beside its loader",
            with(Layer::new().executable("usr/local/bin/probe.bpf.o", {
                ElfFile::of_machine(Machine::BPF).bytes()
            })),
        ),
        silent(
            RULE.rule,
            "the image's PATH does not have the folder",
            with(Layer::new().symlink("usr/local/bin/tool", "/opt/tool/linux-amd64/tool"))
                .env(&["PATH=/bin"]),
        ),
    ]
}

/// Debian's multiarch, and the folders for 32 bits in a system of 64.
fn second_architectures() -> Vec<Case> {
    let i386 = || ElfFile::of("linux/386").shared().bytes();
    let with = |layer: Layer| Variant::healthy("linux/amd64").layer(layer);
    vec![
        silent(
            RULE.rule,
            "i386 beside amd64, with a link to its loader",
            with(
                Layer::new()
                    .file("usr/lib/i386-linux-gnu/ld-linux.so.2", 0o755, i386())
                    .file("usr/lib/x86_64-linux-gnu/libc.so.6", 0o755, {
                        ElfFile::of("linux/amd64").shared().bytes()
                    })
                    .symlink("usr/lib/ld-linux.so.2", "i386-linux-gnu/ld-linux.so.2"),
            ),
        ),
        silent(
            RULE.rule,
            "i386 libraries where a compiler for both puts them",
            with(Layer::new().file("usr/lib32/libc.so.6", 0o755, i386()).file(
                "lib32/libgcc_s.so.1",
                0o644,
                i386(),
            )),
        ),
        caught(
            RULE.rule,
            "other code in the folder for 32 bits",
            with(Layer::new().file("usr/lib32/libc.so.6", 0o755, {
                ElfFile::of("linux/arm/v7").shared().bytes()
            })),
            &["error linux/amd64 /usr/lib32/libc.so.6"],
        ),
        caught(
            RULE.rule,
            "i386 in the folder for 32 bits of an arm64 image",
            Variant::healthy("linux/arm64").layer(Layer::new().file(
                "usr/lib32/l.so",
                0o755,
                i386(),
            )),
            &["error linux/arm64 /usr/lib32/l.so"],
        ),
    ]
}
