use crate::elf::Class;
use crate::fixture::{ElfFile, Layer, Variant, library, program};
use crate::rules::elf::elf_machine_mismatch::RULE;
use crate::rules::tests::scope::with;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [devices(), toolchains(), emulators(), collections()].into_iter().flatten().collect()
}

fn devices() -> Vec<Case> {
    let i386 = || library("linux/386");
    let x32 = || ElfFile::of("linux/amd64").with_class(Class::Elf32).shared().bytes();
    let video_core = || {
        let target = ElfFile::of("linux/arm/v7").bytes();
        let mut file = target;
        // e_machine of Broadcom's VideoCore.
        file[18] = 137;
        file
    };
    vec![
        silent(
            RULE.rule,
            "a boot loader's modules",
            with("linux/arm64", "usr/share/syslinux/ldlinux.c32", i386()),
        ),
        silent(
            RULE.rule,
            "the same, served by TFTP",
            with("linux/arm64", "srv/tftp/bios/menu.c32", i386()),
        ),
        silent(
            RULE.rule,
            "a board's own processor",
            with("linux/arm64", "boot/firmware/start4.elf", video_core()),
        ),
        silent(
            RULE.rule,
            "QEMU's firmware under another prefix",
            with("linux/amd64", "opt/qemu/share/qemu/hppa-firmware.img", i386()),
        ),
        silent(
            RULE.rule,
            "OpenSBI",
            with(
                "linux/amd64",
                "usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf",
                program("linux/riscv64"),
            ),
        ),
        silent(
            RULE.rule,
            "a kernel's vDSO of another convention",
            with("linux/amd64", "usr/lib/modules/6.18.1/vdso/vdsox32.so", x32()),
        ),
        silent(
            RULE.rule,
            "perf's helpers for kernels of several conventions",
            with("linux/amd64", "usr/lib/perf-core/perf-read-vdsox32", x32()),
        ),
        caught(
            RULE.rule,
            "QEMU's own helper",
            with("linux/arm64", "usr/lib/qemu/qemu-bridge-helper", program("linux/amd64")),
            &["error linux/arm64 /usr/lib/qemu/qemu-bridge-helper"],
        ),
    ]
}

fn toolchains() -> Vec<Case> {
    let target = || library("linux/arm64");
    let tool = |path: &str| Layer::new().executable(path, program("linux/amd64"));
    let with = |path: &str| with("linux/amd64", path, target());
    vec![
        silent(
            RULE.rule,
            "a cross compiler under a prefix of its own",
            with("opt/cross/aarch64-linux-musl/lib/libc.so")
                .layer(tool("opt/cross/bin/aarch64-linux-musl-gcc")),
        ),
        silent(
            RULE.rule,
            "its compiler's libraries",
            with("opt/cross/lib/gcc/aarch64-linux-musl/14/libgcc_s.so.1")
                .layer(tool("opt/cross/bin/aarch64-linux-musl-gcc")),
        ),
        silent(
            RULE.rule,
            "a target's root for the linker",
            with("opt/x-tools/aarch64/sysroot/lib/libc.so.6"),
        ),
        silent(
            RULE.rule,
            "Yocto's target",
            with("opt/poky/sysroots/cortexa57-poky-linux/lib/libc.so.6"),
        ),
        silent(
            RULE.rule,
            "a profiler's programs for what it is connected to",
            with("opt/nvidia/nsight-compute/2024.1/target/linux-desktop-t210-a64/libinject.so"),
        ),
        caught(
            RULE.rule,
            "a folder named for a target, and no compiler for it",
            with("opt/cross/aarch64-linux-musl/lib/libc.so"),
            &["error linux/amd64 /opt/cross/aarch64-linux-musl/lib/libc.so"],
        ),
        caught(
            RULE.rule,
            "another machine's library in the folder of the platform's own",
            with("usr/x86_64-linux-gnu/lib/libc.so.6"),
            &["error linux/amd64 /usr/x86_64-linux-gnu/lib/libc.so.6"],
        ),
        caught(
            RULE.rule,
            "a profiler for another host",
            with("opt/nvidia/nsight-compute/2024.1/host/linux-desktop-x64/ncu"),
            &["error linux/amd64 /opt/nvidia/nsight-compute/2024.1/host/linux-desktop-x64/ncu"],
        ),
    ]
}

fn emulators() -> Vec<Case> {
    let amd64 = || program("linux/amd64");
    vec![
        silent(
            RULE.rule,
            "an emulator for who builds on the image elsewhere",
            with("linux/arm/v7", "usr/bin/qemu-arm-static", amd64()),
        ),
        caught(
            RULE.rule,
            "an emulator of another machine, which cannot run here",
            with("linux/arm/v7", "usr/bin/qemu-s390x-static", amd64()),
            &["error linux/arm/v7 /usr/bin/qemu-s390x-static"],
        ),
        caught(
            RULE.rule,
            "the emulator as the entrypoint",
            Variant::new("linux/arm/v7")
                .layer(Layer::new().executable("usr/bin/qemu-arm-static", amd64()))
                .entrypoint(&["qemu-arm-static", "/app"]),
            &["error linux/arm/v7 /usr/bin/qemu-arm-static"],
        ),
    ]
}

/// Packages for many platforms, of which this is none.
fn collections() -> Vec<Case> {
    let amd64 = || library("linux/amd64");
    let of = |files: &[&str]| {
        let layer = files.iter().fold(Layer::new(), |layer, path| layer.file(path, 0o644, amd64()));
        Variant::healthy("linux/arm64").layer(layer)
    };
    vec![
        caught(
            RULE.rule,
            "a debugger that attaches on other systems only",
            of(&["srv/pydevd/attach_linux_amd64.so"]).layer(Layer::new().file(
                "srv/pydevd/attach_x86.dll",
                0o644,
                "MZ",
            )),
            &["warning linux/arm64 /srv/pydevd/attach_linux_amd64.so"],
        ),
        caught(
            RULE.rule,
            "an addon for others, perhaps compiled anew beside them",
            of(&["srv/m/prebuilds/linux-x64/m.node"]).layer(Layer::new().file(
                "srv/m/prebuilds/darwin-x64/m.node",
                0o644,
                "x",
            )),
            &["warning linux/arm64 /srv/m/prebuilds/linux-x64/m.node"],
        ),
        caught(
            RULE.rule,
            "libraries of two architectures, of which none is the platform's",
            of(&["usr/lib/x86_64-linux-gnu/libssl.so.3"]).layer(Layer::new().file(
                "usr/lib/i386-linux-gnu/libssl.so.3",
                0o644,
                "x",
            )),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu/libssl.so.3"],
        ),
        caught(
            RULE.rule,
            "one of a collection that a name leads to",
            of(&[]).layer(
                Layer::new()
                    .executable("opt/t/tool-linux-amd64", amd64())
                    .file("opt/t/tool-darwin-amd64", 0o644, "x")
                    .symlink("usr/bin/tool", "/opt/t/tool-linux-amd64"),
            ),
            &["error linux/arm64 /opt/t/tool-linux-amd64"],
        ),
        silent(
            RULE.rule,
            "a release tool's folders, with versions of architectures",
            of(&["dist/app_linux_amd64_v1/app"]).layer(Layer::new().file(
                "dist/app_linux_arm64_v8.0/app",
                0o644,
                library("linux/arm64"),
            )),
        ),
    ]
}
