use super::{Case, Rule, caught, silent};
use crate::elf::{Class, ElfType, Machine};
use crate::fixture::{ElfFile, Layer, Variant, library, program};

pub(super) fn cases() -> Vec<Case> {
    [machines(), wherever_it_lies(), not_meant_to_run(), many_platforms(), malformed(), foreign()]
        .into_iter()
        .flatten()
        .collect()
}

/// A healthy image with something else in it.
fn with(platform: &str, layer: Layer) -> Variant {
    Variant::healthy(platform).layer(layer)
}

fn machines() -> Vec<Case> {
    use Rule::ElfMachineMismatch as Mismatch;
    let app_of = |platform, other| Variant::new(platform).app(other);
    let x32 = || ElfFile::of("linux/amd64").with_class(Class::Elf32);
    vec![
        caught(
            Mismatch,
            "GOARCH=amd64 was written into the Dockerfile",
            app_of("linux/arm64", "linux/amd64"),
            &["error linux/arm64 /app"],
        ),
        caught(
            Mismatch,
            "built on an arm64 laptop",
            app_of("linux/amd64", "linux/arm64"),
            &["error linux/amd64 /app"],
        ),
        caught(
            Mismatch,
            "only the byte order differs",
            app_of("linux/ppc64le", "linux/ppc64"),
            &["error linux/ppc64le /app"],
        ),
        caught(
            Mismatch,
            "only the byte order differs, the other way round",
            app_of("linux/mips64", "linux/mips64le"),
            &["error linux/mips64 /app"],
        ),
        caught(
            Mismatch,
            "x32: only the class differs",
            with("linux/amd64", Layer::new().executable("opt/x32", x32().bytes())),
            &["error linux/amd64 /opt/x32"],
        ),
        silent(
            Mismatch,
            "x32 libraries where Debian puts them",
            with(
                "linux/amd64",
                Layer::new().file("usr/libx32/libc.so.6", 0o755, x32().shared().bytes()),
            ),
        ),
        caught(
            Mismatch,
            "i386 in amd64 runs, but for a kernel without it",
            with("linux/amd64", Layer::new().executable("opt/old", program("linux/386"))),
            &["warning linux/amd64 /opt/old"],
        ),
        caught(
            Mismatch,
            "amd64 in i386 does not run",
            app_of("linux/386", "linux/amd64"),
            &["error linux/386 /app"],
        ),
        caught(
            Mismatch,
            "32-bit ARM in arm64: many processors no longer have it",
            app_of("linux/arm64", "linux/arm/v7"),
            &["error linux/arm64 /app"],
        ),
        silent(
            Mismatch,
            "the header does not tell ARM versions apart",
            app_of("linux/arm/v7", "linux/arm/v6"),
        ),
        silent(
            Mismatch,
            "every platform's own",
            crate::fixture::Image::of(
                [
                    "linux/386",
                    "linux/amd64",
                    "linux/arm/v5",
                    "linux/arm/v6",
                    "linux/arm/v7",
                    "linux/arm64",
                    "linux/loong64",
                    "linux/mips64",
                    "linux/mips64le",
                    "linux/ppc64",
                    "linux/ppc64le",
                    "linux/riscv64",
                    "linux/s390x",
                ]
                .map(Variant::healthy),
            ),
        )
        .besides(&[
            "ParityIdenticalBinary note linux/arm/v6 /app",
            "ParityIdenticalBinary note linux/arm/v7 /app",
        ]),
    ]
}

fn wherever_it_lies() -> Vec<Case> {
    use Rule::ElfMachineMismatch as Mismatch;
    let wrong = || library("linux/amd64");
    vec![
        caught(
            Mismatch,
            "a plugin outside PATH, without permission to execute",
            with("linux/arm64", Layer::new().file("opt/app/addon.node", 0o644, wrong())),
            &["error linux/arm64 /opt/app/addon.node"],
        ),
        caught(
            Mismatch,
            "a file of two names is one file",
            with(
                "linux/arm64",
                Layer::new().executable("bin/a", wrong()).hardlink("bin/b", "bin/a"),
            ),
            &["error linux/arm64 /bin/a"],
        ),
        caught(
            Mismatch,
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
            Mismatch,
            "a later layer brings the wrong one",
            with("linux/arm64", Layer::new().executable("init", program("linux/arm64")))
                .layer(Layer::new().executable("init", program("linux/amd64"))),
            &["error linux/arm64 /init"],
        ),
        silent(
            Mismatch,
            "a later layer mends it",
            with("linux/arm64", Layer::new().executable("init", program("linux/amd64")))
                .layer(Layer::new().executable("init", program("linux/arm64"))),
        ),
        silent(
            Mismatch,
            "a later layer removes it",
            with("linux/arm64", Layer::new().executable("opt/init", program("linux/amd64")))
                .layer(Layer::new().whiteout("opt/init")),
        ),
        silent(
            Mismatch,
            "a later layer removes its folder",
            with("linux/arm64", Layer::new().executable("opt/bin/init", program("linux/amd64")))
                .layer(Layer::new().opaque("opt").file("opt/note", 0o644, "moved")),
        ),
    ]
}

fn not_meant_to_run() -> Vec<Case> {
    use Rule::ElfMachineMismatch as Mismatch;
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
        silent(Mismatch, "eBPF", of_machine(Machine::BPF)),
        silent(Mismatch, "NVIDIA GPU code", of_machine(Machine::CUDA)),
        silent(Mismatch, "AMD GPU code", of_machine(Machine::AMDGPU)),
        silent(Mismatch, "an object file", of_type(ElfType::REL)),
        silent(Mismatch, "a core dump", of_type(ElfType::CORE)),
        silent(Mismatch, "test data", library_at("usr/local/go/src/debug/elf/testdata/gcc-amd64")),
        silent(Mismatch, "a device's firmware", library_at("usr/lib/firmware/qcom/a.mbn")),
        silent(
            Mismatch,
            "a machine's firmware for QEMU",
            library_at("usr/share/qemu/s390-ccw.img"),
        ),
        silent(
            Mismatch,
            "Debian's cross libraries",
            library_at("usr/x86_64-linux-gnu/lib/libc.so.6"),
        ),
        silent(Mismatch, "cross libraries", library_at("usr/local/x86_64-linux-musl/lib/libc.so")),
        silent(
            Mismatch,
            "a cross compiler's own libraries",
            library_at("usr/lib/gcc-cross/x86_64-linux-gnu/14/libgcc_s.so.1"),
        ),
        silent(
            Mismatch,
            "Rust's libraries of another target",
            library_at("usr/local/rustup/lib/rustlib/x86_64-unknown-linux-gnu/lib/libstd-1.so"),
        ),
        caught(
            Mismatch,
            "a library that a cross build left in the native folder",
            library_at("usr/lib/aarch64-linux-gnu/libssl.so.3"),
            &["error linux/arm64 /usr/lib/aarch64-linux-gnu/libssl.so.3"],
        ),
        caught(
            Mismatch,
            "libraries of another architecture alone",
            library_at("usr/lib/x86_64-linux-gnu/libssl.so.3"),
            &["error linux/arm64 /usr/lib/x86_64-linux-gnu/libssl.so.3"],
        ),
    ]
}

/// Packages that carry a build for every platform and choose when they are loaded.
fn many_platforms() -> Vec<Case> {
    use Rule::ElfMachineMismatch as Mismatch;
    let of = |files: &[(&str, &str)]| {
        let layer = files.iter().fold(Layer::new(), |layer, (path, platform)| {
            layer.file(path, 0o644, library(platform))
        });
        with("linux/arm64", layer)
    };
    vec![
        silent(
            Mismatch,
            "a Node.js package with a prebuilt addon for each platform",
            of(&[
                ("srv/node_modules/b/prebuilds/linux-x64/b.node", "linux/amd64"),
                ("srv/node_modules/b/prebuilds/linux-arm64/b.node", "linux/arm64"),
                ("srv/node_modules/b/prebuilds/linux-arm/b.armv7.node", "linux/arm/v7"),
                ("srv/node_modules/b/prebuilds/android-arm/b.node", "linux/arm/v7"),
            ]),
        ),
        silent(
            Mismatch,
            "a .NET package with a native library for each runtime identifier",
            of(&[
                ("srv/runtimes/linux-x64/native/libe_sqlite3.so", "linux/amd64"),
                ("srv/runtimes/linux-arm64/native/libe_sqlite3.so", "linux/arm64"),
                ("srv/runtimes/linux-musl-s390x/native/libe_sqlite3.so", "linux/s390x"),
            ]),
        ),
        silent(
            Mismatch,
            "one folder, the architecture in the file's name",
            of(&[
                ("srv/lib/profiler-linux-x64-108.node", "linux/amd64"),
                ("srv/lib/profiler-linux-arm64-108.node", "linux/arm64"),
            ]),
        ),
        silent(
            Mismatch,
            "Debian's libraries of a second architecture",
            of(&[
                ("usr/lib/x86_64-linux-gnu/libc.so.6", "linux/amd64"),
                ("usr/lib/aarch64-linux-gnu/libc.so.6", "linux/arm64"),
            ]),
        ),
        caught(
            Mismatch,
            "builds for other platforms, and none for this one",
            of(&[("srv/prebuilds/linux-x64/b.node", "linux/amd64")]),
            &["error linux/arm64 /srv/prebuilds/linux-x64/b.node"],
        ),
        caught(
            Mismatch,
            "this platform's folder holds another's build",
            of(&[
                ("srv/prebuilds/linux-x64/b.node", "linux/amd64"),
                ("srv/prebuilds/linux-arm64/b.node", "linux/amd64"),
            ]),
            &["error linux/arm64 /srv/prebuilds/linux-arm64/b.node"],
        ),
        caught(
            Mismatch,
            "a tool named for another architecture beside an unrelated one",
            of(&[("usr/bin/kubectl-amd64", "linux/amd64"), ("usr/bin/helm-arm64", "linux/arm64")]),
            &["error linux/arm64 /usr/bin/kubectl-amd64"],
        ),
        caught(
            Mismatch,
            "the loader of another architecture beside the image's own",
            of(&[
                ("lib/ld-linux-x86-64.so.2", "linux/amd64"),
                ("lib/ld-musl-aarch64.so.1", "linux/arm64"),
            ]),
            &["error linux/arm64 /lib/ld-linux-x86-64.so.2"],
        ),
    ]
}

fn malformed() -> Vec<Case> {
    use Rule::ElfMalformed as Malformed;
    let loadable = || ElfFile::of("linux/amd64").with_interpreter("/lib64/ld-linux-x86-64.so.2");
    let cut = |mut file: Vec<u8>, keep: usize| {
        file.truncate(keep);
        file
    };
    let holding =
        |mode, file: Vec<u8>| with("linux/amd64", Layer::new().file("opt/tool", mode, file));
    vec![
        caught(
            Malformed,
            "a download that broke off",
            holding(0o755, cut(loadable().with_needed(&["libc.so.6"]).bytes(), 300)),
            &["error linux/amd64 /opt/tool"],
        ),
        caught(
            Malformed,
            "not even the header is whole",
            holding(0o755, cut(loadable().bytes(), 20)),
            &["error linux/amd64 /opt/tool"],
        ),
        caught(
            Malformed,
            "a broken library may never be loaded",
            holding(0o644, cut(loadable().shared().bytes(), 120)),
            &["warning linux/amd64 /opt/tool"],
        ),
        caught(
            Malformed,
            "the entrypoint itself is reported once",
            Variant::new("linux/amd64")
                .layer(Layer::new().executable("app", b"\x7fELF\x02\x01"))
                .entrypoint(&["/app"]),
            &["error linux/amd64 /app"],
        ),
        silent(
            Malformed,
            "debug information alone has segments without bytes",
            holding(0o755, loadable().with_needed(&["libc.so.6"]).debug_only().bytes()),
        ),
        silent(
            Malformed,
            "debug information as elfutils separates it has the segments of the whole program",
            with(
                "linux/amd64",
                Layer::new()
                    .executable("usr/lib/debug/usr/bin/a.debug", cut(loadable().bytes(), 180)),
            ),
        ),
        silent(
            Malformed,
            "test data are broken on purpose",
            with("linux/amd64", Layer::new().executable("src/testdata/broken", b"\x7fELF\x02\x01")),
        ),
        silent(
            Malformed,
            "a name that is no UTF-8 among a library's symbols",
            holding(0o755, loadable().with_needed(&["libc.so.6", "libm.so.6"]).bytes()),
        )
        .besides(&["InterpreterMissing warning linux/amd64 /opt/tool"]),
        silent(Malformed, "the name alone makes no ELF file", holding(0o755, b"\x7fELV".to_vec())),
    ]
}

fn foreign() -> Vec<Case> {
    use Rule::ExecutableForeignFormat as Foreign;
    let mach_o = b"\xcf\xfa\xed\xfe\x0c\0\0\x01";
    let with_file =
        |path, mode, file: &[u8]| with("linux/arm64", Layer::new().file(path, mode, file));
    let entrypoint = |file: &[u8]| {
        Variant::new("linux/arm64")
            .layer(Layer::new().executable("app", file))
            .entrypoint(&["/app"])
    };
    vec![
        caught(
            Foreign,
            "a helper from the author's Mac",
            with_file("usr/local/bin/helper", 0o755, mach_o),
            &["warning linux/arm64 /usr/local/bin/helper"],
        ),
        caught(
            Foreign,
            "GOOS=darwin: the entrypoint itself, reported once",
            entrypoint(mach_o),
            &["error linux/arm64 /app"],
        ),
        caught(
            Foreign,
            "a .NET assembly needs its host as the entrypoint",
            entrypoint(&portable_executable(true)),
            &["error linux/arm64 /app"],
        ),
        caught(
            Foreign,
            "a WebAssembly module needs its host as the entrypoint",
            entrypoint(b"\0asm\x01\0\0\0"),
            &["error linux/arm64 /app"],
        ),
        caught(
            Foreign,
            "a Windows program under the name of a Linux one",
            with_file("usr/bin/tool", 0o755, &portable_executable(false)),
            &["warning linux/arm64 /usr/bin/tool"],
        ),
        silent(
            Foreign,
            "a launcher that is data: nobody may execute it",
            with_file("usr/lib/python3/distlib/launcher", 0o644, &portable_executable(false)),
        ),
        silent(
            Foreign,
            "NuGet's packages leave assemblies executable",
            with_file(
                "usr/share/dotnet/shared/System.Runtime.dll",
                0o744,
                &portable_executable(true),
            ),
        ),
        silent(
            Foreign,
            "a module that a program of the image runs",
            with_file("srv/node_modules/p/module", 0o755, b"\0asm\x01\0\0\0"),
        ),
        silent(
            Foreign,
            "the name says that it is for another system",
            with(
                "linux/arm64",
                Layer::new()
                    .executable("srv/prebuilds/darwin-arm64/b.node", mach_o)
                    .executable("srv/vendor/notify.exe", portable_executable(false)),
            ),
        ),
        silent(
            Foreign,
            "test data",
            with_file("go/src/debug/pe/testdata/gcc-386", 0o755, &portable_executable(false)),
        ),
        silent(Foreign, "text that begins as DOS programs do", with_file("bin/x", 0o755, b"MZ...")),
    ]
}

/// The headers of a 64-bit Windows program (PE Format, "MS-DOS Stub", "COFF File Header",
/// "Optional Header"), with or without the CLR header that makes it a .NET assembly.
fn portable_executable(managed: bool) -> Vec<u8> {
    const HEADER: usize = 0x80;
    const OPTIONAL: usize = HEADER + 24;
    const CLR: usize = OPTIONAL + 112 + 14 * 8;
    let mut file = vec![0; 0x200];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"MZ");
    put(0x3c, &[0x80]);
    put(HEADER, b"PE\0\0\x64\x86");
    put(OPTIONAL, &[0x0b, 0x02]);
    put(OPTIONAL + 108, &[16]);
    if managed {
        put(CLR, &[0, 0x20, 0, 0, 0x48, 0, 0, 0]);
    }
    file
}
