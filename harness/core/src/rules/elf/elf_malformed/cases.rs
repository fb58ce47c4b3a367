use crate::fixture::{ElfFile, Layer, Variant};
use crate::rules::elf::elf_malformed::RULE;
use crate::rules::tests::elf::with;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let loadable = || ElfFile::of("linux/amd64").with_interpreter("/lib64/ld-linux-x86-64.so.2");
    let cut = |mut file: Vec<u8>, keep: usize| {
        file.truncate(keep);
        file
    };
    let holding =
        |mode, file: Vec<u8>| with("linux/amd64", Layer::new().file("opt/tool", mode, file));
    vec![
        caught(
            RULE.rule,
            "a download that broke off",
            holding(0o755, cut(loadable().with_needed(&["libc.so.6"]).bytes(), 300)),
            &["error linux/amd64 /opt/tool"],
        ),
        caught(
            RULE.rule,
            "not even the header is whole",
            holding(0o755, cut(loadable().bytes(), 20)),
            &["error linux/amd64 /opt/tool"],
        ),
        caught(
            RULE.rule,
            "a broken library may never be loaded",
            holding(0o644, cut(loadable().shared().bytes(), 120)),
            &["warning linux/amd64 /opt/tool"],
        ),
        caught(
            RULE.rule,
            "the entrypoint itself is reported once",
            Variant::new("linux/amd64")
                .layer(Layer::new().executable("app", b"\x7fELF\x02\x01"))
                .entrypoint(&["/app"]),
            &["error linux/amd64 /app"],
        ),
        silent(
            RULE.rule,
            "debug information alone has segments without bytes",
            holding(0o755, loadable().with_needed(&["libc.so.6"]).debug_only().bytes()),
        ),
        silent(
            RULE.rule,
            "debug information as elfutils separates it has the segments of the whole program",
            with(
                "linux/amd64",
                Layer::new()
                    .executable("usr/lib/debug/usr/bin/a.debug", cut(loadable().bytes(), 180)),
            ),
        ),
        silent(
            RULE.rule,
            "test data are broken on purpose",
            with("linux/amd64", Layer::new().executable("src/testdata/broken", b"\x7fELF\x02\x01")),
        ),
        silent(
            RULE.rule,
            "a name that is no UTF-8 among a library's symbols",
            holding(0o755, loadable().with_needed(&["libc.so.6", "libm.so.6"]).bytes()),
        )
        .besides(&["InterpreterMissing warning linux/amd64 /opt/tool"]),
        silent(RULE.rule, "the name alone makes no ELF file", holding(0o755, b"\x7fELV".to_vec())),
    ]
}
