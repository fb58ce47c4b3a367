//! What public reports describe, as far as no other case is the same.

use super::{Case, Rule, caught, silent};
use crate::fixture::{ElfFile, Layer, Variant, library, program};

pub(super) fn cases() -> Vec<Case> {
    [machines(), allocators(), scripts(), packages()].into_iter().flatten().collect()
}

fn machines() -> Vec<Case> {
    use Rule::ElfMachineMismatch as Mismatch;
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
            Mismatch,
            "the entrypoint is a script and right, the JDK that it starts is not",
            jdk("linux/amd64"),
            &[
                "error linux/arm64 /opt/jdk/bin/java",
                "error linux/arm64 /opt/jdk/lib/server/libjvm.so",
            ],
        ),
        silent(Mismatch, "the same with its own JDK", jdk("linux/arm64")),
        caught(
            Mismatch,
            "the published stage is the builder's: everything is wrong",
            userland("linux/arm64"),
            &[
                "error linux/arm64 /app",
                "error linux/arm64 /bin/sh",
                "error linux/arm64 /usr/lib/libc.so",
            ],
        ),
        silent(Mismatch, "the same where it belongs", userland("linux/amd64")),
        caught(
            Mismatch,
            "no such file, say kernel and shell: its loader is another machine's as well",
            Variant::new("linux/arm64")
                .layer(Layer::new().executable("usr/local/bin/claude", dynamic.bytes()))
                .entrypoint(&["claude"]),
            &["error linux/arm64 /usr/local/bin/claude"],
        ),
        caught(
            Mismatch,
            "a helper behind a link, outside PATH",
            helper("linux/amd64"),
            &["error linux/arm64 /layers/pack/helper/bin/helper"],
        ),
        silent(Mismatch, "the same helper, right", helper("linux/arm64")),
        caught(
            Mismatch,
            "an init for 64-bit ARM in arm/v7",
            s6("linux/arm64"),
            &["error linux/arm/v7 /command/s6-svscan"],
        ),
        silent(Mismatch, "an init for an older ARM in arm/v7", s6("linux/arm/v6")),
        silent(
            Mismatch,
            "arm without a variant",
            Variant::healthy("linux/arm")
                .layer(Layer::new().executable("s6", program("linux/arm"))),
        ),
    ]
}

/// jemalloc in arm64 code: the size of a page is compared with a number, and where it is higher
/// comes the message.
fn allocators() -> Vec<Case> {
    use Rule::ElfPageAlignment as Alignment;
    let built_for = |compare: u32| {
        let code = [compare, 0x5400_0048, 0xd65f_03c0, 0x9000_0000, 0x9114_0000, 0x9400_0010];
        let mut data: Vec<u8> = code.iter().flat_map(|it| it.to_le_bytes()).collect();
        data.resize(0x100, 0);
        data.extend(b"<jemalloc>: Unsupported system page size\n\0");
        let file = ElfFile::of("linux/arm64").with_data(&data);
        Variant::new("linux/arm64")
            .layer(Layer::new().executable("app", file.bytes()))
            .entrypoint(&["/app"])
    };
    vec![
        caught(
            Alignment,
            "jemalloc built on a machine with pages of 4 KiB",
            built_for(0xf140_041f),
            &["error linux/arm64 /app"],
        ),
        caught(
            Alignment,
            "jemalloc for pages of up to 16 KiB",
            built_for(0xf140_101f),
            &["warning linux/arm64 /app"],
        ),
        silent(Alignment, "jemalloc for all sizes", built_for(0xf140_401f)),
    ]
}

fn scripts() -> Vec<Case> {
    use Rule::EntrypointShebang as Shebang;
    let starting = |text: String| {
        let layer =
            Layer::new().executable("bin/sh", program("linux/amd64")).executable("app", text);
        Variant::new("linux/amd64").layer(layer).entrypoint(&["/app"])
    };
    let long = "d/".repeat(130);
    vec![
        caught(
            Shebang,
            "a line longer than the kernel reads",
            starting(format!("#!/{long}sh\n"))
                .layer(Layer::new().executable(&format!("{long}sh"), program("linux/amd64"))),
            &["error linux/amd64 /app"],
        ),
        silent(
            Shebang,
            "an argument longer than the kernel reads",
            starting(format!("#!/bin/sh {long}\n")),
        ),
        silent(
            Shebang,
            "a directory of the working directory's name need not be there",
            starting("#!/bin/sh\n".to_owned()).working_dir("/srv/none"),
        ),
    ]
}

/// Packages with a build for either C library, and what comes from elsewhere.
fn packages() -> Vec<Case> {
    use Rule::{InterpreterMissing as Loader, LibraryMissing as Missing};
    let musl = || {
        let loader = ElfFile::of("linux/amd64").shared().with_soname("libc.musl-x86_64.so.1");
        let app = || {
            ElfFile::of("linux/amd64").shared().with_interpreter("/lib/ld-musl-x86_64.so.1").bytes()
        };
        let layer = Layer::new()
            .executable("lib/ld-musl-x86_64.so.1", loader.bytes())
            .executable("app", app());
        Variant::new("linux/amd64").layer(layer).entrypoint(&["/app"])
    };
    let needing = |name| ElfFile::of("linux/amd64").shared().with_needed(&[name]).bytes();
    let glibc = || {
        let file = ElfFile::of("linux/amd64").shared();
        file.with_interpreter("/lib64/ld-linux-x86-64.so.2").bytes()
    };
    let with = |path: &str, file: Vec<u8>| musl().layer(Layer::new().executable(path, file));
    vec![
        caught(
            Missing,
            "the driver's library comes with the host's driver",
            with("opt/gpu.so", needing("libcuda.so.1")),
            &["note linux/amd64 /opt/gpu.so"],
        ),
        caught(
            Missing,
            "the toolkit's library does not",
            with("opt/gpu.so", needing("libcudart.so.12")),
            &["warning linux/amd64 /opt/gpu.so"],
        ),
        caught(
            Missing,
            "Java's windows where there is no X",
            with("opt/jdk/lib/libawt_xawt.so", needing("libX11.so.6")).layer(Layer::new().file(
                "opt/jdk/lib/libjava.so",
                0o644,
                library("linux/amd64"),
            )),
            &["note linux/amd64 /opt/jdk/lib/libawt_xawt.so"],
        ),
        silent(
            Missing,
            "sharp's builds for either C library",
            with("srv/@img/sharp-linux-x64/sharp.node", needing("libc.so.6")).layer(
                Layer::new().file(
                    "srv/@img/sharp-linuxmusl-x64/sharp.node",
                    0o644,
                    needing("libc.musl-x86_64.so.1"),
                ),
            ),
        ),
        silent(
            Loader,
            "an engine named for the distribution",
            with("srv/schema-engine-debian-openssl-3.0.x", glibc()).layer(
                Layer::new().executable(
                    "srv/schema-engine-linux-musl-openssl-3.0.x",
                    program("linux/amd64"),
                ),
            ),
        ),
    ]
}
