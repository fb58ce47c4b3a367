//! How kernels and distributions spell the names of the platforms' architectures.

use crate::platform::{Architecture, ArmVersion, Platform};

/// What the kernel may say: its own machine, under QEMU the emulated one.
pub(crate) fn kernel(platform: Platform) -> Vec<String> {
    let words: &[&str] = match platform.architecture() {
        Architecture::I386 => &["i386", "i486", "i586", "i686", "x86_64"],
        Architecture::Amd64(_) => &["x86_64"],
        Architecture::Arm(_) => {
            &["aarch64", "armv5tel", "armv6l", "armv7l", "armv8l", "arm", "armhf"]
        }
        Architecture::Arm64(_) => &["aarch64"],
        Architecture::Loong64 => &["loongarch64"],
        Architecture::Mips64 | Architecture::Mips64le => &["mips64"],
        Architecture::Ppc64 => &["ppc64"],
        Architecture::Ppc64le => &["ppc64le"],
        Architecture::Riscv64 => &["riscv64"],
        Architecture::S390x => &["s390x"],
    };
    words.iter().map(|it| (*it).to_owned()).collect()
}

/// Debian's names of its ports. Source: [Debian, `debian/ports`](https://www.debian.org/ports/).
pub(crate) fn debian(platform: Platform) -> Vec<String> {
    let words: &[&str] = match platform.architecture() {
        Architecture::I386 => &["i386"],
        // Raspbian's armhf is for ARMv6.
        Architecture::Arm(ArmVersion::V5) => &["armel"],
        Architecture::Arm(_) => &["armhf", "armel"],
        Architecture::Mips64le => &["mips64el"],
        Architecture::Ppc64le => &["ppc64el"],
        _ => &[],
    };
    match words {
        [] => vec![platform.architecture_name().to_owned()],
        words => words.iter().map(|it| (*it).to_owned()).collect(),
    }
}

/// Alpine's names. Source: [apk-tools, `src/apk_arch.h`](https://gitlab.alpinelinux.org/alpine/apk-tools).
pub(crate) fn alpine(platform: Platform) -> Vec<String> {
    let word = match platform.architecture() {
        Architecture::I386 => "x86",
        Architecture::Amd64(_) => "x86_64",
        Architecture::Arm(ArmVersion::V5 | ArmVersion::V6) => "armhf",
        Architecture::Arm(_) => "armv7",
        Architecture::Arm64(_) => "aarch64",
        Architecture::Loong64 => "loongarch64",
        _ => platform.architecture_name(),
    };
    vec![word.to_owned()]
}

/// What `uname -m` says on the 64-bit machines that a platform usually runs on, and on its own;
/// nothing where those are the same. Source: Linux, `UTS_MACHINE` and `COMPAT_UTS_MACHINE`.
pub(crate) fn told(platform: Platform) -> Option<[&'static str; 2]> {
    match platform.architecture() {
        Architecture::I386 => Some(["x86_64", "i686"]),
        Architecture::Arm(ArmVersion::V5) => Some(["aarch64", "armv5tel"]),
        Architecture::Arm(ArmVersion::V6) => Some(["aarch64", "armv6l"]),
        Architecture::Arm(_) => Some(["aarch64", "armv7l"]),
        _ => None,
    }
}
