//! Files of other machines and versions that have their place in a healthy image.

use super::{Case, Rule, caught, silent};
use crate::elf::Class;
use crate::fixture::{ElfFile, Layer, Variant, library, program};

pub(super) fn cases() -> Vec<Case> {
    [devices(), toolchains(), emulators(), collections(), versions(), android()]
        .into_iter()
        .flatten()
        .collect()
}

fn with(platform: &str, path: &str, file: Vec<u8>) -> Variant {
    Variant::healthy(platform).layer(Layer::new().executable(path, file))
}

fn devices() -> Vec<Case> {
    use Rule::ElfMachineMismatch as Mismatch;
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
            Mismatch,
            "a boot loader's modules",
            with("linux/arm64", "usr/share/syslinux/ldlinux.c32", i386()),
        ),
        silent(
            Mismatch,
            "the same, served by TFTP",
            with("linux/arm64", "srv/tftp/bios/menu.c32", i386()),
        ),
        silent(
            Mismatch,
            "a board's own processor",
            with("linux/arm64", "boot/firmware/start4.elf", video_core()),
        ),
        silent(
            Mismatch,
            "QEMU's firmware under another prefix",
            with("linux/amd64", "opt/qemu/share/qemu/hppa-firmware.img", i386()),
        ),
        silent(
            Mismatch,
            "OpenSBI",
            with(
                "linux/amd64",
                "usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf",
                program("linux/riscv64"),
            ),
        ),
        silent(
            Mismatch,
            "a kernel's vDSO of another convention",
            with("linux/amd64", "usr/lib/modules/6.18.1/vdso/vdsox32.so", x32()),
        ),
        silent(
            Mismatch,
            "perf's helpers for kernels of several conventions",
            with("linux/amd64", "usr/lib/perf-core/perf-read-vdsox32", x32()),
        ),
        caught(
            Mismatch,
            "QEMU's own helper",
            with("linux/arm64", "usr/lib/qemu/qemu-bridge-helper", program("linux/amd64")),
            &["error linux/arm64 /usr/lib/qemu/qemu-bridge-helper"],
        ),
    ]
}

fn toolchains() -> Vec<Case> {
    use Rule::ElfMachineMismatch as Mismatch;
    let target = || library("linux/arm64");
    let tool = |path: &str| Layer::new().executable(path, program("linux/amd64"));
    let with = |path: &str| with("linux/amd64", path, target());
    vec![
        silent(
            Mismatch,
            "a cross compiler under a prefix of its own",
            with("opt/cross/aarch64-linux-musl/lib/libc.so")
                .layer(tool("opt/cross/bin/aarch64-linux-musl-gcc")),
        ),
        silent(
            Mismatch,
            "its compiler's libraries",
            with("opt/cross/lib/gcc/aarch64-linux-musl/14/libgcc_s.so.1")
                .layer(tool("opt/cross/bin/aarch64-linux-musl-gcc")),
        ),
        silent(
            Mismatch,
            "a target's root for the linker",
            with("opt/x-tools/aarch64/sysroot/lib/libc.so.6"),
        ),
        silent(
            Mismatch,
            "Yocto's target",
            with("opt/poky/sysroots/cortexa57-poky-linux/lib/libc.so.6"),
        ),
        silent(
            Mismatch,
            "a profiler's programs for what it is connected to",
            with("opt/nvidia/nsight-compute/2024.1/target/linux-desktop-t210-a64/libinject.so"),
        ),
        caught(
            Mismatch,
            "a folder named for a target, and no compiler for it",
            with("opt/cross/aarch64-linux-musl/lib/libc.so"),
            &["error linux/amd64 /opt/cross/aarch64-linux-musl/lib/libc.so"],
        ),
        caught(
            Mismatch,
            "another machine's library in the folder of the platform's own",
            with("usr/x86_64-linux-gnu/lib/libc.so.6"),
            &["error linux/amd64 /usr/x86_64-linux-gnu/lib/libc.so.6"],
        ),
        caught(
            Mismatch,
            "a profiler for another host",
            with("opt/nvidia/nsight-compute/2024.1/host/linux-desktop-x64/ncu"),
            &["error linux/amd64 /opt/nvidia/nsight-compute/2024.1/host/linux-desktop-x64/ncu"],
        ),
    ]
}

fn emulators() -> Vec<Case> {
    use Rule::ElfMachineMismatch as Mismatch;
    let amd64 = || program("linux/amd64");
    vec![
        silent(
            Mismatch,
            "an emulator for who builds on the image elsewhere",
            with("linux/arm/v7", "usr/bin/qemu-arm-static", amd64()),
        ),
        caught(
            Mismatch,
            "an emulator of another machine, which cannot run here",
            with("linux/arm/v7", "usr/bin/qemu-s390x-static", amd64()),
            &["error linux/arm/v7 /usr/bin/qemu-s390x-static"],
        ),
        caught(
            Mismatch,
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
    use Rule::ElfMachineMismatch as Mismatch;
    let amd64 = || library("linux/amd64");
    let of = |files: &[&str]| {
        let layer = files.iter().fold(Layer::new(), |layer, path| layer.file(path, 0o644, amd64()));
        Variant::healthy("linux/arm64").layer(layer)
    };
    vec![
        caught(
            Mismatch,
            "a debugger that attaches on other systems only",
            of(&["srv/pydevd/attach_linux_amd64.so"]).layer(Layer::new().file(
                "srv/pydevd/attach_x86.dll",
                0o644,
                "MZ",
            )),
            &["warning linux/arm64 /srv/pydevd/attach_linux_amd64.so"],
        ),
        caught(
            Mismatch,
            "an addon for others, perhaps compiled anew beside them",
            of(&["srv/m/prebuilds/linux-x64/m.node"]).layer(Layer::new().file(
                "srv/m/prebuilds/darwin-x64/m.node",
                0o644,
                "x",
            )),
            &["warning linux/arm64 /srv/m/prebuilds/linux-x64/m.node"],
        ),
        caught(
            Mismatch,
            "libraries of two architectures, of which none is the platform's",
            of(&["usr/lib/x86_64-linux-gnu/libssl.so.3"]).layer(Layer::new().file(
                "usr/lib/i386-linux-gnu/libssl.so.3",
                0o644,
                "x",
            )),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu/libssl.so.3"],
        ),
        caught(
            Mismatch,
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
            Mismatch,
            "a release tool's folders, with versions of architectures",
            of(&["dist/app_linux_amd64_v1/app"]).layer(Layer::new().file(
                "dist/app_linux_arm64_v8.0/app",
                0o644,
                library("linux/arm64"),
            )),
        ),
    ]
}

/// Builds for several versions of ARM, side by side.
fn versions() -> Vec<Case> {
    use Rule::{ElfAbiMismatch as Convention, ElfIsaTooNew as TooNew};
    let shared = |platform| ElfFile::of(platform).shared();
    let armv7 = || shared("linux/arm/v6").with_arm_attributes(&[(6, 10), (10, 4)]).bytes();
    let armv6 = || shared("linux/arm/v6").with_arm_attributes(&[(6, 6)]).bytes();
    let soft = || shared("linux/arm/v7").with_flags(0x0500_0200).bytes();
    let hard = || shared("linux/arm/v7").with_flags(0x0500_0400).bytes();
    let of = |platform: &str, files: [(&str, Vec<u8>); 2]| {
        let layer = files
            .into_iter()
            .fold(Layer::new(), |layer, (path, file)| layer.file(path, 0o644, file));
        Variant::healthy(platform).layer(layer)
    };
    vec![
        silent(
            TooNew,
            "an addon for each version of ARM",
            of(
                "linux/arm/v6",
                [
                    ("srv/prebuilds/linux-arm/m.armv6.node", armv6()),
                    ("srv/prebuilds/linux-arm/m.armv7.node", armv7()),
                ],
            ),
        ),
        caught(
            TooNew,
            "an addon for a newer version alone",
            of(
                "linux/arm/v6",
                [
                    ("srv/prebuilds/linux-arm/m.armv7.node", armv7()),
                    ("srv/prebuilds/linux-arm/other.armv6.node", armv6()),
                ],
            ),
            &["warning linux/arm/v6 /srv/prebuilds/linux-arm/m.armv7.node"],
        ),
        silent(
            TooNew,
            "Raspbian's functions for newer processors, which the loader chooses",
            Variant::healthy("linux/arm/v6").layer(Layer::new().file(
                "usr/lib/arm-linux-gnueabihf/libarmmem-v7l.so",
                0o644,
                armv7(),
            )),
        ),
        silent(
            Convention,
            "a library for each convention",
            of(
                "linux/arm/v7",
                [
                    ("srv/runtimes/linux-arm/native/libsql.so", hard()),
                    ("srv/runtimes/linux-armel/native/libsql.so", soft()),
                ],
            ),
        ),
        caught(
            Convention,
            "a library for the other convention alone",
            of(
                "linux/arm/v7",
                [
                    ("srv/runtimes/linux-armel/native/libsql.so", soft()),
                    ("srv/runtimes/unix/lib/libsql.so", hard()),
                ],
            ),
            &["error linux/arm/v7 /srv/runtimes/linux-armel/native/libsql.so"],
        ),
    ]
}

fn android() -> Vec<Case> {
    use Rule::{ElfAbiMismatch as Convention, ElfPageAlignment as Alignment};
    let soft = ElfFile::of("linux/arm/v7").shared().with_flags(0x0500_0200).bytes();
    let small = ElfFile::of("linux/arm64").shared().with_alignment(0x1000).bytes();
    vec![
        silent(
            Convention,
            "Android's ARM is soft-float",
            with("linux/arm/v7", "srv/prebuilds/android-arm/m.node", soft),
        ),
        silent(
            Alignment,
            "Android has pages of its own",
            with("linux/arm64", "srv/prebuilds/android-arm64/m.node", small),
        ),
    ]
}
