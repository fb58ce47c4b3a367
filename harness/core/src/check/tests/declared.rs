//! What ELF files declare about processor, calling convention and pages.

use super::{Case, Rule, caught, silent};
use crate::elf::{ElfFacts, LoadSegment};
use crate::fixture::{ElfFile, Layer, Variant};

pub(super) fn cases() -> Vec<Case> {
    [conventions(), other_conventions(), go(), arm(), riscv(), x86(), pages(), packed()]
        .into_iter()
        .flatten()
        .collect()
}

const SOFT: u32 = 0x0500_0200;
const HARD: u32 = 0x0500_0400;
const CPU_ARCH: u8 = 6;
const THUMB: u8 = 9;
const FP_ARCH: u8 = 10;
const SIMD: u8 = 12;
const VFP_ARGS: u8 = 28;

/// A healthy image with a file besides.
fn with(platform: &str, path: &str, file: &ElfFile) -> Variant {
    Variant::healthy(platform).layer(Layer::new().executable(path, file.bytes()))
}

/// An image of one static program.
fn alone(platform: &str, file: &ElfFile) -> Variant {
    Variant::new(platform).layer(Layer::new().executable("app", file.bytes())).entrypoint(&["/app"])
}

fn go_program(platform: &str, setting: &str) -> Variant {
    let lines = format!("path\texample.com/app\nbuild\t{setting}\n");
    alone(platform, &ElfFile::of(platform).with_go_build("go1.24.4", &lines))
}

fn arm_program(platform: &str, attributes: &[(u8, u8)]) -> Variant {
    alone(platform, &ElfFile::of(platform).with_arm_attributes(attributes))
}

fn library(platform: &str) -> ElfFile {
    ElfFile::of(platform).shared().with_soname("libx.so.1")
}

fn conventions() -> Vec<Case> {
    use Rule::ElfAbiMismatch as Mismatch;
    let soft = |platform| library(platform).with_flags(SOFT);
    let hard = |platform| library(platform).with_flags(HARD);
    let two = |platform, first: &ElfFile, second: &ElfFile, third: &ElfFile| {
        let layer = Layer::new()
            .file("usr/lib/a.so", 0o644, first.bytes())
            .file("usr/lib/b.so", 0o644, second.bytes())
            .file("usr/lib/c.so", 0o644, third.bytes());
        Variant::healthy(platform).layer(layer)
    };
    vec![
        caught(
            Mismatch,
            "a hard-float library in a soft-float image",
            with("linux/arm/v5", "usr/lib/libx.so.1", &hard("linux/arm/v5")),
            &["error linux/arm/v5 /usr/lib/libx.so.1"],
        ),
        caught(
            Mismatch,
            "a hard-float static program where there is no floating-point unit",
            alone("linux/arm/v5", &ElfFile::of("linux/arm/v5").with_flags(HARD)),
            &["error linux/arm/v5 /app"],
        ),
        caught(
            Mismatch,
            "a soft-float library in a hard-float image",
            with("linux/arm/v7", "usr/lib/libx.so.1", &soft("linux/arm/v7")),
            &["error linux/arm/v7 /usr/lib/libx.so.1"],
        ),
        caught(
            Mismatch,
            "linked before there was a flag: the attributes tell",
            with(
                "linux/arm/v5",
                "usr/lib/libx.so.1",
                &library("linux/arm/v5").with_arm_attributes(&[(VFP_ARGS, 1)]),
            ),
            &["error linux/arm/v5 /usr/lib/libx.so.1"],
        ),
        silent(
            Mismatch,
            "a static soft-float program calls nobody",
            alone("linux/arm/v7", &ElfFile::of("linux/arm/v7").with_flags(SOFT)),
        ),
        silent(
            Mismatch,
            "a file that says nothing, as Go's",
            with("linux/arm/v5", "x.so", &library("linux/arm/v5").with_flags(0x0500_0000)),
        ),
        caught(
            Mismatch,
            "one of another kind among ARMv6's",
            two(
                "linux/arm/v6",
                &hard("linux/arm/v6"),
                &hard("linux/arm/v6"),
                &soft("linux/arm/v6"),
            ),
            &["error linux/arm/v6 /usr/lib/c.so"],
        ),
        silent(
            Mismatch,
            "ARMv6 with soft float throughout",
            two(
                "linux/arm/v6",
                &soft("linux/arm/v6"),
                &soft("linux/arm/v6"),
                &soft("linux/arm/v6"),
            ),
        ),
    ]
}

/// Conventions of machines other than ARM.
fn other_conventions() -> Vec<Case> {
    use Rule::ElfAbiMismatch as Mismatch;
    vec![
        caught(
            Mismatch,
            "an lp64 library in an lp64d image",
            with("linux/riscv64", "usr/lib/libx.so.1", &library("linux/riscv64").with_flags(1)),
            &["error linux/riscv64 /usr/lib/libx.so.1"],
        ),
        silent(
            Mismatch,
            "lp64d, with and without compressed instructions",
            with("linux/riscv64", "usr/lib/libx.so.1", &library("linux/riscv64").with_flags(4)),
        ),
        silent(
            Mismatch,
            "a static lp64 program, as old Go's linker marked all",
            alone("linux/riscv64", &ElfFile::of("linux/riscv64").with_flags(0)),
        ),
        caught(
            Mismatch,
            "ELFv1 on little-endian PowerPC",
            with("linux/ppc64le", "usr/lib/libx.so.1", &library("linux/ppc64le").with_flags(1)),
            &["error linux/ppc64le /usr/lib/libx.so.1"],
        ),
        silent(
            Mismatch,
            "ELFv1 on big-endian PowerPC, ELFv2 and unspecified on little-endian",
            with("linux/ppc64le", "usr/lib/libx.so.1", &library("linux/ppc64le").with_flags(2)),
        ),
        caught(
            Mismatch,
            "MIPS release 6 among release 2",
            alone("linux/mips64le", &ElfFile::of("linux/mips64le").with_flags(0xa000_0407)),
            &["error linux/mips64le /app"],
        ),
        silent(
            Mismatch,
            "MIPS release 2",
            alone("linux/mips64le", &ElfFile::of("linux/mips64le").with_flags(0x8000_0007)),
        ),
        caught(
            Mismatch,
            "soft-float LoongArch",
            with("linux/loong64", "usr/lib/libx.so.1", &library("linux/loong64").with_flags(0x41)),
            &["error linux/loong64 /usr/lib/libx.so.1"],
        ),
    ]
}

fn go() -> Vec<Case> {
    use Rule::ElfIsaTooNew as TooNew;
    let caught_go = |platform: &'static str, setting: &'static str, findings| {
        caught(TooNew, setting, go_program(platform, setting), findings)
    };
    let mut cases = vec![
        caught_go("linux/arm/v6", "GOARM=7", &["error linux/arm/v6 /app"]),
        caught_go("linux/arm/v5", "GOARM=6,softfloat", &["error linux/arm/v5 /app"]),
        caught_go("linux/amd64", "GOAMD64=v3", &["error linux/amd64 /app"]),
        caught_go("linux/amd64/v2", "GOAMD64=v4", &["error linux/amd64/v2 /app"]),
        caught_go("linux/arm64", "GOARM64=v9.0", &["error linux/arm64 /app"]),
        caught_go("linux/arm64", "GOARM64=v8.0,lse", &["error linux/arm64 /app"]),
        caught_go("linux/arm64/v8.2", "GOARM64=v8.1,crypto", &["error linux/arm64/v8.2 /app"]),
        caught_go("linux/riscv64", "GORISCV64=rva22u64", &["error linux/riscv64 /app"]),
        caught_go("linux/ppc64le", "GOPPC64=power9", &["error linux/ppc64le /app"]),
    ];
    cases.extend(
        [
            ("linux/arm/v7", "GOARM=6 in arm/v7", "GOARM=6"),
            ("linux/arm/v7", "GOARM=7 in arm/v7", "GOARM=7"),
            ("linux/arm/v5", "GOARM=5 in arm/v5", "GOARM=5"),
            ("linux/amd64/v3", "GOAMD64=v1 in amd64/v3", "GOAMD64=v1"),
            ("linux/amd64/v3", "GOAMD64=v3 in amd64/v3", "GOAMD64=v3"),
            ("linux/arm64", "GOARM64=v8.0 in arm64", "GOARM64=v8.0"),
            ("linux/arm64/v9", "GOARM64=v8.1,lse in arm64/v9", "GOARM64=v8.1,lse"),
            ("linux/riscv64", "GORISCV64=rva20u64 in riscv64", "GORISCV64=rva20u64"),
            ("linux/ppc64le", "GOPPC64=power8 in ppc64le", "GOPPC64=power8"),
            ("linux/386", "GO386=sse2 is Go's default", "GO386=sse2"),
            ("linux/386", "GO386=softfloat", "GO386=softfloat"),
        ]
        .map(|(platform, what, setting)| silent(TooNew, what, go_program(platform, setting))),
    );
    cases
}

fn arm() -> Vec<Case> {
    use Rule::ElfIsaTooNew as TooNew;
    let armv7 = [(CPU_ARCH, 10), (THUMB, 2), (FP_ARCH, 4)];
    let armv6 = [(CPU_ARCH, 7), (THUMB, 1), (FP_ARCH, 2)];
    let with_assembly = [(CPU_ARCH, 10), (THUMB, 2), (FP_ARCH, 3), (SIMD, 1)];
    let named = |name: &'static str, platform| {
        ElfFile::of(platform).shared().with_soname(name).with_arm_attributes(&armv7)
    };
    let armv8 = |name: &'static str| {
        let attributes = [(CPU_ARCH, 14), (THUMB, 2), (FP_ARCH, 7), (SIMD, 3)];
        ElfFile::of("linux/arm/v7").shared().with_soname(name).with_arm_attributes(&attributes)
    };
    vec![
        caught(
            TooNew,
            "compiled for ARMv7, published as arm/v6",
            arm_program("linux/arm/v6", &armv7),
            &["error linux/arm/v6 /app"],
        ),
        caught(
            TooNew,
            "ARMv6's number, and Thumb-2",
            arm_program("linux/arm/v6", &[(CPU_ARCH, 8), (THUMB, 2)]),
            &["error linux/arm/v6 /app"],
        ),
        caught(
            TooNew,
            "ARMv6's number, and VFPv3",
            arm_program("linux/arm/v6", &[(CPU_ARCH, 6), (FP_ARCH, 4)]),
            &["error linux/arm/v6 /app"],
        ),
        caught(
            TooNew,
            "compiled for ARMv8, published as arm/v7",
            arm_program("linux/arm/v7", &[(CPU_ARCH, 14), (FP_ARCH, 8)]),
            &["error linux/arm/v7 /app"],
        ),
        caught(
            TooNew,
            "a program with assembly for NEON in it may look before it uses it",
            arm_program("linux/arm/v6", &with_assembly),
            &["warning linux/arm/v6 /app"],
        ),
        caught(
            TooNew,
            "a library may be one that nobody loads there",
            with("linux/arm/v6", "usr/lib/libx.so.1", &named("libx.so.1", "linux/arm/v6")),
            &["warning linux/arm/v6 /usr/lib/libx.so.1"],
        ),
        silent(
            TooNew,
            "a library that is known to look",
            with(
                "linux/arm/v5",
                "usr/lib/libatomic.so.1.2.0",
                &named("libatomic.so.1", "linux/arm/v5"),
            ),
        ),
        caught(
            TooNew,
            "a library with code for ARMv8 that may be all of it",
            with("linux/arm/v7", "usr/lib/libx.so.1", &armv8("libx.so.1")),
            &["warning linux/arm/v7 /usr/lib/libx.so.1"],
        ),
        silent(
            TooNew,
            "NSS asks for ARMv8's cryptography before it uses it",
            with("linux/arm/v7", "usr/lib/libfreeblpriv3.so", &armv8("libfreeblpriv3.so")),
        ),
        silent(TooNew, "ARMv6 in arm/v6", arm_program("linux/arm/v6", &armv6)),
        silent(TooNew, "ARMv6 in arm/v7", arm_program("linux/arm/v7", &armv6)),
        silent(TooNew, "ARMv7 in arm/v7", arm_program("linux/arm/v7", &armv7)),
        silent(TooNew, "NEON in arm/v7", arm_program("linux/arm/v7", &with_assembly)),
        silent(
            TooNew,
            "code for a microcontroller",
            arm_program("linux/arm/v6", &[(CPU_ARCH, 13)]),
        ),
        silent(TooNew, "nothing declared is unknown", arm_program("linux/arm/v6", &[])),
    ]
}

fn riscv() -> Vec<Case> {
    use Rule::ElfIsaTooNew as TooNew;
    let program = |arch: &str| {
        alone("linux/riscv64", &ElfFile::of("linux/riscv64").with_flags(4).with_riscv_arch(arch))
    };
    vec![
        caught(
            TooNew,
            "bit manipulation and vectors",
            program("rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_v1p0_zicsr2p0_zba1p0_zvl128b1p0"),
            &["error linux/riscv64 /app"],
        ),
        silent(
            TooNew,
            "rv64gc as Debian's compiler spells it",
            program(
                "rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicsr2p0_zifencei2p0_zmmul1p0_zaamo1p0_zalrsc1p0",
            ),
        ),
        silent(TooNew, "rv64gc without what it may have", program("rv64i2p1_m2p0")),
    ]
}

fn x86() -> Vec<Case> {
    use Rule::ElfIsaTooNew as TooNew;
    let needing = |platform, bits| ElfFile::of(platform).with_isa_needed(bits);
    let library = |bits| needing("linux/amd64", bits).shared();
    vec![
        caught(
            TooNew,
            "a library that glibc refuses on older processors",
            with("linux/amd64", "usr/lib/libx.so.1", &library(0b111)),
            &["error linux/amd64 /usr/lib/libx.so.1"],
        ),
        caught(
            TooNew,
            "x86-64-v2 in a 386 image",
            alone("linux/386", &needing("linux/386", 0b11)),
            &["error linux/386 /app"],
        ),
        silent(
            TooNew,
            "where glibc looks only on such processors",
            with("linux/amd64", "usr/lib/glibc-hwcaps/x86-64-v3/libx.so.1", &library(0b111)),
        ),
        silent(TooNew, "the baseline", alone("linux/amd64", &needing("linux/amd64", 1))),
        silent(TooNew, "v2 in amd64/v2", alone("linux/amd64/v2", &needing("linux/amd64", 0b11))),
        silent(
            TooNew,
            "the baseline in amd64/v3",
            alone("linux/amd64/v3", &needing("linux/amd64", 1)),
        ),
    ]
}

fn segment(offset: u64, address: u64, flags: u32, alignment: u64) -> LoadSegment {
    LoadSegment { offset, address, file_size: 16, memory_size: 0x800, flags, alignment }
}

fn pages() -> Vec<Case> {
    use Rule::ElfPageAlignment as Alignment;
    let shared = |platform, alignment| library(platform).with_alignment(alignment);
    let jemalloc = |code: &[u8]| ElfFile::of("linux/arm64").with_data(code);
    let marker = b"\0<jemalloc>: Unsupported system page size\n\0";
    let data_in_the_code_s_page =
        ElfFile::of("linux/arm64").with_load(segment(0x80, 0x1_0080, 6, 0x1000));
    let data_at = |address| ElfFile::of("linux/arm64").with_load(segment(0, address, 6, 0x1000));
    vec![
        caught(
            Alignment,
            "a library linked for pages of 4 KiB",
            with("linux/arm64", "usr/lib/libx.so.1", &shared("linux/arm64", 0x1000)),
            &["error linux/arm64 /usr/lib/libx.so.1"],
        ),
        caught(
            Alignment,
            "a library linked for pages of 16 KiB",
            with("linux/arm64", "usr/lib/libx.so.1", &shared("linux/arm64", 0x4000)),
            &["warning linux/arm64 /usr/lib/libx.so.1"],
        ),
        caught(
            Alignment,
            "PowerPC has no other pages than of 64 KiB",
            with("linux/ppc64le", "usr/lib/libx.so.1", &shared("linux/ppc64le", 0x1000)),
            &["error linux/ppc64le /usr/lib/libx.so.1"],
        ),
        caught(
            Alignment,
            "LoongArch has no smaller pages than of 16 KiB",
            with("linux/loong64", "usr/lib/libx.so.1", &shared("linux/loong64", 0x1000)),
            &["error linux/loong64 /usr/lib/libx.so.1"],
        ),
        silent(
            Alignment,
            "16 KiB on LoongArch",
            with("linux/loong64", "usr/lib/libx.so.1", &shared("linux/loong64", 0x4000)),
        ),
        caught(
            Alignment,
            "a static program's data, not congruent",
            alone("linux/arm64", &data_at(0x3_1000)),
            &["error linux/arm64 /app"],
        ),
        caught(
            Alignment,
            "a static program's code and data in one large page",
            alone("linux/arm64", &data_in_the_code_s_page),
            &["error linux/arm64 /app"],
        ),
        silent(
            Alignment,
            "a static program of one segment is mapped anywhere",
            alone("linux/arm64", &ElfFile::of("linux/arm64").with_alignment(0x1000)),
        ),
        silent(
            Alignment,
            "64 KiB, the linkers' default",
            with("linux/arm64", "usr/lib/libx.so.1", &shared("linux/arm64", 0x1_0000)),
        ),
        silent(
            Alignment,
            "4 KiB where there is nothing else",
            with("linux/amd64", "usr/lib/libx.so.1", &shared("linux/amd64", 0x1000)),
        ),
        silent(
            Alignment,
            "jemalloc of an unknown page size",
            alone("linux/arm64", &jemalloc(marker)),
        ),
    ]
}

fn packed() -> Vec<Case> {
    use Rule::ElfPacked as Packed;
    let scanner = ElfFile::of("linux/arm64").with_data(b"looks for UPX! in files");
    vec![
        caught(
            Packed,
            "packed by UPX",
            alone("linux/arm64", &ElfFile::of("linux/arm64").packed_by_upx()),
            &["warning linux/arm64 /app"],
        ),
        silent(Packed, "a program that knows UPX's mark", alone("linux/arm64", &scanner)),
    ]
}

/// The fixture is what its name says: else the case above proves nothing.
#[test]
fn fixtures_say_what_they_are_to_say() {
    let facts = ElfFacts::read(&ElfFile::of("linux/arm64").packed_by_upx().bytes());
    assert!(facts.expect("a header").packer.is_some());
}
