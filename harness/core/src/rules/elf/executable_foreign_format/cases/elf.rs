use crate::fixture::{Layer, Variant};
use crate::rules::elf::executable_foreign_format::RULE;
use crate::rules::tests::elf::with;
use crate::rules::tests::{Case, caught, silent};

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

pub(super) fn cases() -> Vec<Case> {
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
            RULE.rule,
            "a helper from the author's Mac",
            with_file("usr/local/bin/helper", 0o755, mach_o),
            &["warning linux/arm64 /usr/local/bin/helper"],
        ),
        caught(
            RULE.rule,
            "GOOS=darwin: the entrypoint itself, reported once",
            entrypoint(mach_o),
            &["error linux/arm64 /app"],
        ),
        caught(
            RULE.rule,
            "a .NET assembly needs its host as the entrypoint",
            entrypoint(&portable_executable(true)),
            &["error linux/arm64 /app"],
        ),
        caught(
            RULE.rule,
            "a WebAssembly module needs its host as the entrypoint",
            entrypoint(b"\0asm\x01\0\0\0"),
            &["error linux/arm64 /app"],
        ),
        caught(
            RULE.rule,
            "a Windows program under the name of a Linux one",
            with_file("usr/bin/tool", 0o755, &portable_executable(false)),
            &["warning linux/arm64 /usr/bin/tool"],
        ),
        silent(
            RULE.rule,
            "a launcher that is data: nobody may execute it",
            with_file("usr/lib/python3/distlib/launcher", 0o644, &portable_executable(false)),
        ),
        silent(
            RULE.rule,
            "NuGet's packages leave assemblies executable",
            with_file(
                "usr/share/dotnet/shared/System.Runtime.dll",
                0o744,
                &portable_executable(true),
            ),
        ),
        silent(
            RULE.rule,
            "a module that a program of the image runs",
            with_file("srv/node_modules/p/module", 0o755, b"\0asm\x01\0\0\0"),
        ),
        silent(
            RULE.rule,
            "the name says that it is for another system",
            with(
                "linux/arm64",
                Layer::new()
                    .executable("srv/prebuilds/darwin-arm64/b.node", mach_o)
                    .executable("srv/vendor/notify.exe", portable_executable(false)),
            ),
        ),
        silent(
            RULE.rule,
            "test data",
            with_file("go/src/debug/pe/testdata/gcc-386", 0o755, &portable_executable(false)),
        ),
        silent(
            RULE.rule,
            "text that begins as DOS programs do",
            with_file("bin/x", 0o755, b"MZ..."),
        ),
    ]
}
