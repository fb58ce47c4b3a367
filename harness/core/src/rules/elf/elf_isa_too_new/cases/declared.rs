use crate::fixture::{ElfFile, Variant};
use crate::rules::elf::elf_isa_too_new::RULE;
use crate::rules::tests::declared::{alone, with};
use crate::rules::tests::{Case, caught, silent};

pub(super) fn cases() -> Vec<Case> {
    [go(), arm(), riscv(), x86()].into_iter().flatten().collect()
}

const CPU_ARCH: u8 = 6;

const THUMB: u8 = 9;

const FP_ARCH: u8 = 10;

const SIMD: u8 = 12;

fn go_program(platform: &str, setting: &str) -> Variant {
    let lines = format!("path\texample.com/app\nbuild\t{setting}\n");
    alone(platform, &ElfFile::of(platform).with_go_build("go1.24.4", &lines))
}

fn arm_program(platform: &str, attributes: &[(u8, u8)]) -> Variant {
    alone(platform, &ElfFile::of(platform).with_arm_attributes(attributes))
}

fn go() -> Vec<Case> {
    let caught_go = |platform: &'static str, setting: &'static str, findings| {
        caught(RULE.rule, setting, go_program(platform, setting), findings)
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
        caught_go("linux/ppc64", "GOPPC64=power10", &["error linux/ppc64 /app"]),
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
            ("linux/ppc64", "GOPPC64=power8 in ppc64", "GOPPC64=power8"),
            ("linux/386", "GO386=sse2 is Go's default", "GO386=sse2"),
            ("linux/386", "GO386=softfloat", "GO386=softfloat"),
        ]
        .map(|(platform, what, setting)| silent(RULE.rule, what, go_program(platform, setting))),
    );
    cases
}

fn arm() -> Vec<Case> {
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
            RULE.rule,
            "compiled for ARMv7, published as arm/v6",
            arm_program("linux/arm/v6", &armv7),
            &["error linux/arm/v6 /app"],
        ),
        caught(
            RULE.rule,
            "ARMv6's number, and Thumb-2",
            arm_program("linux/arm/v6", &[(CPU_ARCH, 8), (THUMB, 2)]),
            &["error linux/arm/v6 /app"],
        ),
        caught(
            RULE.rule,
            "ARMv6's number, and VFPv3",
            arm_program("linux/arm/v6", &[(CPU_ARCH, 6), (FP_ARCH, 4)]),
            &["error linux/arm/v6 /app"],
        ),
        caught(
            RULE.rule,
            "compiled for ARMv8, published as arm/v7",
            arm_program("linux/arm/v7", &[(CPU_ARCH, 14), (FP_ARCH, 8)]),
            &["error linux/arm/v7 /app"],
        ),
        caught(
            RULE.rule,
            "a program with assembly for NEON in it may look before it uses it",
            arm_program("linux/arm/v6", &with_assembly),
            &["warning linux/arm/v6 /app"],
        ),
        caught(
            RULE.rule,
            "a library may be one that nobody loads there",
            with("linux/arm/v6", "usr/lib/libx.so.1", &named("libx.so.1", "linux/arm/v6")),
            &["warning linux/arm/v6 /usr/lib/libx.so.1"],
        ),
        silent(
            RULE.rule,
            "a library that is known to look",
            with(
                "linux/arm/v5",
                "usr/lib/libatomic.so.1.2.0",
                &named("libatomic.so.1", "linux/arm/v5"),
            ),
        ),
        caught(
            RULE.rule,
            "a library with code for ARMv8 that may be all of it",
            with("linux/arm/v7", "usr/lib/libx.so.1", &armv8("libx.so.1")),
            &["warning linux/arm/v7 /usr/lib/libx.so.1"],
        ),
        silent(
            RULE.rule,
            "NSS asks for ARMv8's cryptography before it uses it",
            with("linux/arm/v7", "usr/lib/libfreeblpriv3.so", &armv8("libfreeblpriv3.so")),
        ),
        silent(RULE.rule, "ARMv6 in arm/v6", arm_program("linux/arm/v6", &armv6)),
        silent(RULE.rule, "ARMv6 in arm/v7", arm_program("linux/arm/v7", &armv6)),
        silent(RULE.rule, "ARMv7 in arm/v7", arm_program("linux/arm/v7", &armv7)),
        silent(RULE.rule, "NEON in arm/v7", arm_program("linux/arm/v7", &with_assembly)),
        silent(
            RULE.rule,
            "code for a microcontroller",
            arm_program("linux/arm/v6", &[(CPU_ARCH, 13)]),
        ),
        silent(RULE.rule, "nothing declared is unknown", arm_program("linux/arm/v6", &[])),
    ]
}

fn riscv() -> Vec<Case> {
    let program = |arch: &str| {
        alone("linux/riscv64", &ElfFile::of("linux/riscv64").with_flags(4).with_riscv_arch(arch))
    };
    vec![
        caught(
            RULE.rule,
            "bit manipulation and vectors",
            program("rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_v1p0_zicsr2p0_zba1p0_zvl128b1p0"),
            &["error linux/riscv64 /app"],
        ),
        silent(
            RULE.rule,
            "rv64gc as Debian's compiler spells it",
            program(
                "rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicsr2p0_zifencei2p0_zmmul1p0_zaamo1p0_zalrsc1p0",
            ),
        ),
        silent(RULE.rule, "rv64gc without what it may have", program("rv64i2p1_m2p0")),
    ]
}

fn x86() -> Vec<Case> {
    let needing = |platform, bits| ElfFile::of(platform).with_isa_needed(bits);
    let library = |bits| needing("linux/amd64", bits).shared();
    vec![
        caught(
            RULE.rule,
            "a library that glibc refuses on older processors",
            with("linux/amd64", "usr/lib/libx.so.1", &library(0b111)),
            &["error linux/amd64 /usr/lib/libx.so.1"],
        ),
        caught(
            RULE.rule,
            "x86-64-v2 in a 386 image",
            alone("linux/386", &needing("linux/386", 0b11)),
            &["error linux/386 /app"],
        ),
        silent(
            RULE.rule,
            "where glibc looks only on such processors",
            with("linux/amd64", "usr/lib/glibc-hwcaps/x86-64-v3/libx.so.1", &library(0b111)),
        ),
        silent(RULE.rule, "the baseline", alone("linux/amd64", &needing("linux/amd64", 1))),
        silent(RULE.rule, "v2 in amd64/v2", alone("linux/amd64/v2", &needing("linux/amd64", 0b11))),
        silent(
            RULE.rule,
            "the baseline in amd64/v3",
            alone("linux/amd64/v3", &needing("linux/amd64", 1)),
        ),
    ]
}
