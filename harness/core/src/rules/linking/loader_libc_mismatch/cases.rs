use crate::fixture::{ElfFile, Layer};
use crate::rules::linking::loader_libc_mismatch::RULE;
use crate::rules::tests::linking::{ALPINE, AMD64};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let libc_path = format!("{}/libc.so.6", AMD64.folder);
    let replaced = |libc: ElfFile| {
        AMD64.running(&AMD64.program()).layer(Layer::new().executable(&libc_path, libc.bytes()))
    };
    let bare = || AMD64.elf().with_soname("libc.so.6").with_needed(&[AMD64.name]);
    let musl = ALPINE.elf().with_soname("libc.musl-x86_64.so.1").bytes();
    vec![
        caught(
            RULE.rule,
            "libc.so.6 of another image was copied over it",
            replaced(bare().with_private_needs(AMD64.name, &["_dl_argv", "__rseq_flags"])),
            &["error linux/amd64 /usr/lib/x86_64-linux-gnu/libc.so.6"],
        ),
        caught(
            RULE.rule,
            "the loader is older than libc.so.6",
            replaced(bare().with_version_needs(AMD64.name, &["GLIBC_2.38"])),
            &["error linux/amd64 /usr/lib/x86_64-linux-gnu/libc.so.6"],
        ),
        caught(
            RULE.rule,
            "a helper loads both C libraries",
            AMD64.beside(
                Layer::new()
                    .executable(
                        "opt/tool",
                        AMD64.program().with_needed(&["libc.so.6", "libz.so.1"]).bytes(),
                    )
                    .file("usr/lib/libz.so.1", 0o644, ALPINE.musl_library("libz.so.1").bytes())
                    .file("usr/lib/libc.musl-x86_64.so.1", 0o755, musl),
            ),
            &["warning linux/amd64 /opt/tool"],
        ),
        silent(
            RULE.rule,
            "another build that needs no more",
            replaced(bare().with_private_needs(AMD64.name, &["_dl_argv"])),
        ),
        silent(RULE.rule, "one build", AMD64.running(&AMD64.program())),
    ]
}
