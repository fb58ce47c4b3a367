use crate::fixture::{ElfFile, Layer, Variant};
use crate::rules::linking::interpreter_mismatch::RULE;
use crate::rules::tests::linking::{AMD64, APP, ARM};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let app = |elf: ElfFile| Layer::new().executable("usr/bin/app", elf.bytes());
    let with_loader = |mode, bytes: &[u8]| {
        Variant::new("linux/amd64")
            .layer(app(AMD64.program()).file("lib64/ld-linux-x86-64.so.2", mode, bytes))
            .entrypoint(&["/usr/bin/app"])
    };
    let float = |app: u32, loader: u32| {
        let elf = || ElfFile::of("linux/arm/v7").shared();
        let app = elf().with_interpreter(ARM.interpreter).with_flags(app);
        Variant::new("linux/arm/v7")
            .layer(
                Layer::new()
                    .executable("usr/bin/app", app.bytes())
                    .executable("lib/ld-linux-armhf.so.3", elf().with_flags(loader).bytes()),
            )
            .entrypoint(&["/usr/bin/app"])
    };
    let old_world = |others: Layer| {
        let elf = || ElfFile::of("linux/loong64").shared();
        Variant::new("linux/loong64")
            .layer(
                others
                    .executable("usr/bin/app", elf().with_interpreter("/lib64/ld.so.1").bytes())
                    .executable("lib64/ld.so.1", elf().bytes()),
            )
            .entrypoint(&["/usr/bin/app"])
    };
    let new_loader = ElfFile::of("linux/loong64").shared().bytes();
    vec![
        caught(
            RULE.rule,
            "another machine's loader was copied over it",
            with_loader(0o755, &ARM.glibc_loader().bytes()),
            APP,
        )
        .besides(&["ElfMachineMismatch error linux/amd64 /lib64/ld-linux-x86-64.so.2"]),
        caught(RULE.rule, "not executable", with_loader(0o644, &AMD64.glibc_loader().bytes()), APP),
        caught(RULE.rule, "a text", with_loader(0o755, b"version https://git-lfs.github.com"), APP),
        caught(
            RULE.rule,
            "a folder",
            Variant::new("linux/amd64")
                .layer(app(AMD64.program()).directory("lib64/ld-linux-x86-64.so.2"))
                .entrypoint(&["/usr/bin/app"]),
            APP,
        ),
        caught(
            RULE.rule,
            "a soft-float loader under the name of the hard-float one",
            float(0x500_0400, 0x500_0200),
            &["error linux/arm/v7 /usr/bin/app"],
        )
        .besides(&["ElfAbiMismatch error linux/arm/v7 /lib/ld-linux-armhf.so.3"]),
        silent(RULE.rule, "both hard float", float(0x500_0400, 0x500_0400)),
        silent(RULE.rule, "a loader that does not say", float(0x500_0400, 0x500_0000)),
        caught(
            RULE.rule,
            "a whole system of LoongArch's old ABI",
            old_world(Layer::new()),
            &["error linux/loong64 /usr/bin/app"],
        ),
        silent(
            RULE.rule,
            "the old ABI's loader for old programs, beside the new one",
            old_world(Layer::new().executable("lib64/ld-linux-loongarch-lp64d.so.1", new_loader)),
        ),
        silent(RULE.rule, "the loader behind links", AMD64.running(&AMD64.program())),
    ]
}
