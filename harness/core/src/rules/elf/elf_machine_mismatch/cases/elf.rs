use crate::elf::{Class, ElfType, Machine};
use crate::fixture::{ElfFile, Layer, Variant, library, program};
use crate::rules::elf::elf_machine_mismatch::RULE;
use crate::rules::tests::elf::with;
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [machines(), wherever_it_lies(), not_meant_to_run(), many_platforms()]
        .into_iter()
        .flatten()
        .collect()
}

fn machines() -> Vec<Case> {
    let app_of = |platform, other| Variant::new(platform).app(other);
    let x32 = || ElfFile::of("linux/amd64").with_class(Class::Elf32);
    vec![
        caught(
            RULE.rule,
            "GOARCH=amd64 was written into the Dockerfile",
            app_of("linux/arm64", "linux/amd64"),
            &["error linux/arm64 /app"],
        ),
        caught(
            RULE.rule,
            "built on an arm64 laptop",
            app_of("linux/amd64", "linux/arm64"),
            &["error linux/amd64 /app"],
        ),
        caught(
            RULE.rule,
            "only the byte order differs",
            app_of("linux/ppc64le", "linux/ppc64"),
            &["error linux/ppc64le /app"],
        ),
        caught(
            RULE.rule,
            "only the byte order differs, the other way round",
            app_of("linux/mips64", "linux/mips64le"),
            &["error linux/mips64 /app"],
        ),
        caught(
            RULE.rule,
            "x32: only the class differs",
            with("linux/amd64", Layer::new().executable("opt/x32", x32().bytes())),
            &["error linux/amd64 /opt/x32"],
        ),
        silent(
            RULE.rule,
            "x32 libraries where Debian puts them",
            with(
                "linux/amd64",
                Layer::new().file("usr/libx32/libc.so.6", 0o755, x32().shared().bytes()),
            ),
        ),
        caught(
            RULE.rule,
            "i386 in amd64 runs, but for a kernel without it",
            with("linux/amd64", Layer::new().executable("opt/old", program("linux/386"))),
            &["warning linux/amd64 /opt/old"],
        ),
        caught(
            RULE.rule,
            "amd64 in i386 does not run",
            app_of("linux/386", "linux/amd64"),
            &["error linux/386 /app"],
        ),
        caught(
            RULE.rule,
            "32-bit ARM in arm64: many processors no longer have it",
            app_of("linux/arm64", "linux/arm/v7"),
            &["error linux/arm64 /app"],
        ),
        silent(
            RULE.rule,
            "the header does not tell ARM versions apart",
            app_of("linux/arm/v7", "linux/arm/v6"),
        ),
        silent(
            RULE.rule,
            "every platform's own",
            crate::fixture::Image::new(
                crate::arch::ALL.iter().map(|it| Variant::healthy(&format!("linux/{}", it.name))),
            ),
        ),
    ]
}

fn wherever_it_lies() -> Vec<Case> {
    let wrong = || library("linux/amd64");
    vec![
        caught(
            RULE.rule,
            "a plugin outside PATH, without permission to execute",
            with("linux/arm64", Layer::new().file("opt/app/addon.node", 0o644, wrong())),
            &["error linux/arm64 /opt/app/addon.node"],
        ),
        caught(
            RULE.rule,
            "a file of two names is one file",
            with(
                "linux/arm64",
                Layer::new().executable("bin/a", wrong()).hardlink("bin/b", "bin/a"),
            ),
            &["error linux/arm64 /bin/a"],
        ),
        caught(
            RULE.rule,
            "a second name outlives the first",
            with(
                "linux/arm64",
                Layer::new()
                    .executable("bin/a", wrong())
                    .hardlink("bin/b", "bin/a")
                    .hardlink("bin/c", "bin/a"),
            )
            .layer(Layer::new().whiteout("bin/a")),
            &["error linux/arm64 /bin/b"],
        ),
        caught(
            RULE.rule,
            "a later layer brings the wrong one",
            with("linux/arm64", Layer::new().executable("init", program("linux/arm64")))
                .layer(Layer::new().executable("init", program("linux/amd64"))),
            &["error linux/arm64 /init"],
        ),
        silent(
            RULE.rule,
            "a later layer mends it",
            with("linux/arm64", Layer::new().executable("init", program("linux/amd64")))
                .layer(Layer::new().executable("init", program("linux/arm64"))),
        ),
        silent(
            RULE.rule,
            "a later layer removes it",
            with("linux/arm64", Layer::new().executable("opt/init", program("linux/amd64")))
                .layer(Layer::new().whiteout("opt/init")),
        ),
        silent(
            RULE.rule,
            "a later layer removes its folder",
            with("linux/arm64", Layer::new().executable("opt/bin/init", program("linux/amd64")))
                .layer(Layer::new().opaque("opt").file("opt/note", 0o644, "moved")),
        ),
    ]
}

fn not_meant_to_run() -> Vec<Case> {
    let library_at =
        |path| with("linux/arm64", Layer::new().file(path, 0o644, library("linux/amd64")));
    let of_machine = |machine| {
        let file = ElfFile::of_machine(machine).bytes();
        with("linux/arm64", Layer::new().file("opt/code", 0o644, file))
    };
    let of_type = |elf_type| {
        let file = ElfFile::of("linux/amd64").with_type(elf_type).bytes();
        with("linux/arm64", Layer::new().file("opt/crt1.o", 0o644, file))
    };
    vec![
        silent(RULE.rule, "eBPF", of_machine(Machine::BPF)),
        silent(RULE.rule, "NVIDIA GPU code", of_machine(Machine::CUDA)),
        silent(RULE.rule, "AMD GPU code", of_machine(Machine::AMDGPU)),
        silent(RULE.rule, "an object file", of_type(ElfType::REL)),
        silent(RULE.rule, "a core dump", of_type(ElfType::CORE)),
        silent(RULE.rule, "test data", library_at("usr/local/go/src/debug/elf/testdata/gcc-amd64")),
        silent(RULE.rule, "a device's firmware", library_at("usr/lib/firmware/qcom/a.mbn")),
        silent(
            RULE.rule,
            "a machine's firmware for QEMU",
            library_at("usr/share/qemu/s390-ccw.img"),
        ),
        silent(
            RULE.rule,
            "Debian's cross libraries",
            library_at("usr/x86_64-linux-gnu/lib/libc.so.6"),
        ),
        silent(RULE.rule, "cross libraries", library_at("usr/local/x86_64-linux-musl/lib/libc.so")),
        silent(
            RULE.rule,
            "a cross compiler's own libraries",
            library_at("usr/lib/gcc-cross/x86_64-linux-gnu/14/libgcc_s.so.1"),
        ),
        silent(
            RULE.rule,
            "Rust's libraries of another target",
            library_at("usr/local/rustup/lib/rustlib/x86_64-unknown-linux-gnu/lib/libstd-1.so"),
        ),
        caught(
            RULE.rule,
            "a library that a cross build left in the native folder",
            library_at("usr/lib/aarch64-linux-gnu/libssl.so.3"),
            &["error linux/arm64 /usr/lib/aarch64-linux-gnu/libssl.so.3"],
        ),
        caught(
            RULE.rule,
            "libraries of another architecture alone",
            library_at("usr/lib/x86_64-linux-gnu/libssl.so.3"),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu/libssl.so.3"],
        ),
    ]
}

/// Packages that carry a build for every platform and choose when they are loaded.
fn many_platforms() -> Vec<Case> {
    let of = |files: &[(&str, &str)]| {
        let layer = files.iter().fold(Layer::new(), |layer, (path, platform)| {
            layer.file(path, 0o644, library(platform))
        });
        with("linux/arm64", layer)
    };
    vec![
        silent(
            RULE.rule,
            "a Node.js package with a prebuilt addon for each platform",
            of(&[
                ("srv/node_modules/b/prebuilds/linux-x64/b.node", "linux/amd64"),
                ("srv/node_modules/b/prebuilds/linux-arm64/b.node", "linux/arm64"),
                ("srv/node_modules/b/prebuilds/linux-arm/b.armv7.node", "linux/arm/v7"),
                ("srv/node_modules/b/prebuilds/android-arm/b.node", "linux/arm/v7"),
            ]),
        ),
        silent(
            RULE.rule,
            "a .NET package with a native library for each runtime identifier",
            of(&[
                ("srv/runtimes/linux-x64/native/libe_sqlite3.so", "linux/amd64"),
                ("srv/runtimes/linux-arm64/native/libe_sqlite3.so", "linux/arm64"),
                ("srv/runtimes/linux-musl-s390x/native/libe_sqlite3.so", "linux/s390x"),
            ]),
        ),
        silent(
            RULE.rule,
            "one folder, the architecture in the file's name",
            of(&[
                ("srv/lib/profiler-linux-x64-108.node", "linux/amd64"),
                ("srv/lib/profiler-linux-arm64-108.node", "linux/arm64"),
            ]),
        ),
        silent(
            RULE.rule,
            "Debian's libraries of a second architecture",
            of(&[
                ("usr/lib/x86_64-linux-gnu/libc.so.6", "linux/amd64"),
                ("usr/lib/aarch64-linux-gnu/libc.so.6", "linux/arm64"),
            ]),
        ),
        caught(
            RULE.rule,
            "builds for other platforms, and none for this one",
            of(&[("srv/prebuilds/linux-x64/b.node", "linux/amd64")]),
            &["error linux/arm64 /srv/prebuilds/linux-x64/b.node"],
        ),
        caught(
            RULE.rule,
            "this platform's folder holds another's build",
            of(&[
                ("srv/prebuilds/linux-x64/b.node", "linux/amd64"),
                ("srv/prebuilds/linux-arm64/b.node", "linux/amd64"),
            ]),
            &["error linux/arm64 /srv/prebuilds/linux-arm64/b.node"],
        ),
        caught(
            RULE.rule,
            "a tool named for another architecture beside an unrelated one",
            of(&[("usr/bin/kubectl-amd64", "linux/amd64"), ("usr/bin/helm-arm64", "linux/arm64")]),
            &["error linux/arm64 /usr/bin/kubectl-amd64"],
        ),
        caught(
            RULE.rule,
            "the loader of another architecture beside the image's own",
            of(&[
                ("lib/ld-linux-x86-64.so.2", "linux/amd64"),
                ("lib/ld-musl-aarch64.so.1", "linux/arm64"),
            ]),
            &["error linux/arm64 /lib/ld-linux-x86-64.so.2"],
        ),
    ]
}
