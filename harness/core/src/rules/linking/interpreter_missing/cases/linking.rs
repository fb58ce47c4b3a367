use crate::fixture::{ElfFile, Layer, Variant};
use crate::rules::linking::interpreter_missing::RULE;
use crate::rules::tests::linking::{ALPINE, AMD64, APP, ARM};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [interpreter_missing(), interpreter_missing_elsewhere(), interpreter_not_to_be_started()]
        .into_iter()
        .flatten()
        .collect()
}

fn interpreter_missing() -> Vec<Case> {
    let armel = Layer::new().executable(
        "lib/ld-linux.so.3",
        ElfFile::of("linux/arm/v6").shared().with_soname("ld-linux.so.3").bytes(),
    );
    let loong = || ElfFile::of("linux/loong64").shared();
    let new_world = "lib64/ld-linux-loongarch-lp64d.so.1";
    let app = |elf: ElfFile| Layer::new().executable("usr/bin/app", elf.bytes());
    let in_scratch =
        |layer: Layer| Variant::new("linux/amd64").layer(layer).entrypoint(&["/usr/bin/app"]);
    vec![
        caught(RULE.rule, "a glibc program in Alpine", ALPINE.running(&AMD64.program()), APP),
        caught(
            RULE.rule,
            "a musl program in Debian",
            AMD64.running(&AMD64.program().with_interpreter(ALPINE.interpreter)),
            APP,
        ),
        caught(
            RULE.rule,
            "a program that is not static in scratch",
            in_scratch(app(AMD64.program())),
            APP,
        ),
        caught(
            RULE.rule,
            "hard float on a soft-float base",
            Variant::new("linux/arm/v6")
                .layer(armel)
                .layer(app(ElfFile::of("linux/arm/v6").shared().with_interpreter(ARM.interpreter)))
                .entrypoint(&["/usr/bin/app"]),
            &["error linux/arm/v6 /usr/bin/app"],
        ),
        caught(
            RULE.rule,
            "LoongArch's old ABI on a system of the new one",
            Variant::new("linux/loong64")
                .layer(Layer::new().executable(new_world, loong().bytes()))
                .layer(app(loong().with_interpreter("/lib64/ld.so.1")))
                .entrypoint(&["/usr/bin/app"]),
            &["error linux/loong64 /usr/bin/app"],
        ),
        caught(
            RULE.rule,
            "a script's interpreter",
            ALPINE.with(
                Layer::new()
                    .executable("usr/bin/app", "#!/opt/python\n")
                    .executable("opt/python", AMD64.program().bytes()),
            ),
            &["error linux/amd64 /opt/python"],
        ),
        silent(RULE.rule, "Debian's own", AMD64.running(&AMD64.program())),
        silent(RULE.rule, "ARM's own", ARM.running(&ARM.program())),
        silent(RULE.rule, "static in scratch", Variant::healthy("linux/amd64")),
    ]
}

/// Programs that are not the entrypoint, and loaders that are there no more.
fn interpreter_missing_elsewhere() -> Vec<Case> {
    let helper = || AMD64.program().bytes();
    let app = |elf: ElfFile| Layer::new().executable("usr/bin/app", elf.bytes());
    let in_scratch =
        |layer: Layer| Variant::new("linux/amd64").layer(layer).entrypoint(&["/usr/bin/app"]);
    vec![
        caught(
            RULE.rule,
            "many helpers are one finding",
            ALPINE.beside(
                Layer::new().executable("opt/b", helper()).executable("opt/a", helper()).file(
                    "opt/0",
                    0o644,
                    helper(),
                ),
            ),
            &["error linux/amd64 /opt/a"],
        ),
        caught(
            RULE.rule,
            "what nobody may execute is started by nobody",
            ALPINE.beside(Layer::new().file("opt/tool", 0o644, helper())),
            &["warning linux/amd64 /opt/tool"],
        ),
        caught(
            RULE.rule,
            "the loader is a link to nowhere",
            in_scratch(app(AMD64.program()).symlink("lib64/ld-linux-x86-64.so.2", "/lib/ld.so")),
            APP,
        ),
        caught(
            RULE.rule,
            "the loader is a link to itself",
            in_scratch(app(AMD64.program()).symlink("lib64", "lib64")),
            APP,
        ),
        caught(
            RULE.rule,
            "a later layer removes it",
            AMD64
                .running(&AMD64.program())
                .layer(Layer::new().whiteout("usr/lib64/ld-linux-x86-64.so.2")),
            APP,
        ),
        caught(
            RULE.rule,
            "programs for elsewhere in an image without a loader",
            in_scratch(
                Layer::new()
                    .executable("usr/bin/app", crate::fixture::program("linux/amd64"))
                    .executable("agent/tool", helper()),
            ),
            &["warning linux/amd64 /agent/tool"],
        ),
    ]
}

/// Programs and libraries for which nobody looks for a loader.
fn interpreter_not_to_be_started() -> Vec<Case> {
    let glibc = || AMD64.program().bytes();
    vec![
        silent(
            RULE.rule,
            "a library that can be started to print its version",
            ALPINE.beside(Layer::new().executable(
                "opt/libcap.so.2",
                AMD64.elf().with_soname("libcap.so.2").with_interpreter(AMD64.interpreter).bytes(),
            )),
        ),
        silent(
            RULE.rule,
            "a package with a program for either C library",
            ALPINE.beside(
                Layer::new()
                    .executable("srv/tool-linux-x64/tool", glibc())
                    .executable("srv/tool-linux-musl-x64/tool", ALPINE.elf().bytes()),
            ),
        ),
        silent(
            RULE.rule,
            "a root filesystem of its own",
            ALPINE.beside(
                Layer::new()
                    .executable("srv/rootfs/bin/sh", glibc())
                    .executable("srv/rootfs/lib64/ld-linux-x86-64.so.2", AMD64.elf().bytes()),
            ),
        ),
        silent(
            RULE.rule,
            "a program for Android",
            AMD64.beside(Layer::new().executable(
                "opt/sdk/lldb-server",
                AMD64.program().with_interpreter("/system/bin/linker64").bytes(),
            )),
        ),
        silent(
            RULE.rule,
            "a program of the wrong machine is that alone",
            ALPINE.beside(Layer::new().executable("opt/tool", ARM.program().bytes())),
        )
        .besides(&["ElfMachineMismatch error linux/amd64 /opt/tool"]),
    ]
}
