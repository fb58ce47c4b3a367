//! What an architecture has of its own in the ways of glibc's loader.

use crate::elf::{Class, Data, ElfTarget, Machine};

/// Names and numbers of one ABI.
pub(super) struct Abi {
    /// The folders in `/lib` and `/usr/lib` that Debian's loaders search.
    pub(super) triplets: &'static [&'static str],
    /// The folders in `/` and `/usr` that other distributions' loaders search, beside `lib`.
    pub(super) libraries: &'static [&'static str],
    /// What `$PLATFORM` may stand for (`AT_PLATFORM`).
    pub(super) platforms: &'static [&'static str],
    /// The flags of the cache's entries that the loader takes; empty where they are not known.
    pub(super) cache_flags: &'static [u32],
}

impl Abi {
    /// Sources: glibc, `sysdeps/generic/ldconfig.h` for the values, `dl-cache.h` of each
    /// architecture for which of them it takes, `shlib-versions` and `slibdir` in `configure` for
    /// the folders; Debian's list of multiarch tuples.
    pub(super) const fn of(target: ElfTarget) -> Self {
        match (target.machine, target.class, target.data) {
            (Machine::X86_64, Class::Elf64, _) => Self {
                triplets: &["x86_64-linux-gnu"],
                libraries: &["lib64"],
                platforms: &["x86_64", "haswell", "xeon_phi"],
                cache_flags: &[0x303],
            },
            (Machine::X86_64, Class::Elf32, _) => Self {
                triplets: &["x86_64-linux-gnux32"],
                libraries: &["libx32"],
                platforms: &["x86_64"],
                cache_flags: &[0x803],
            },
            (Machine::I386, ..) => Self {
                triplets: &["i386-linux-gnu", "i686-linux-gnu"],
                libraries: &["lib32"],
                platforms: &["i686", "i586", "i486", "i386"],
                cache_flags: &[3, 1],
            },
            // The float ABI is not told apart here: what the cache of an image lists is its own.
            (Machine::ARM, ..) => Self {
                triplets: &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
                libraries: &[],
                platforms: &["v8l", "v7l", "v6l", "v5l"],
                cache_flags: &[0x903, 0xb03, 3],
            },
            (Machine::AARCH64, ..) => Self {
                triplets: &["aarch64-linux-gnu"],
                libraries: &["lib64"],
                platforms: &["aarch64"],
                cache_flags: &[0xa03],
            },
            (Machine::RISCV, ..) => Self {
                triplets: &["riscv64-linux-gnu"],
                libraries: &["lib64/lp64d", "lib64/lp64", "lib64"],
                platforms: &[],
                cache_flags: &[0x1003, 0xf03],
            },
            (Machine::S390, ..) => Self {
                triplets: &["s390x-linux-gnu"],
                libraries: &["lib64"],
                platforms: &["z900", "z990", "z9-109", "z10", "z196", "zEC12", "z13", "z14"],
                cache_flags: &[0x403],
            },
            (Machine::PPC64, _, Data::Lsb) => Self {
                triplets: &["powerpc64le-linux-gnu"],
                libraries: &["lib64"],
                platforms: &["power8", "power9", "power10"],
                cache_flags: &[0x503],
            },
            (Machine::PPC64, _, Data::Msb) => Self {
                triplets: &["powerpc64-linux-gnu"],
                libraries: &["lib64"],
                platforms: &["power5", "power6", "power7", "power8"],
                cache_flags: &[0x503],
            },
            (Machine::LOONGARCH, ..) => Self {
                triplets: &["loongarch64-linux-gnu"],
                libraries: &["lib64"],
                platforms: &["loongarch"],
                cache_flags: &[0x1203, 0x1103, 3],
            },
            (Machine::MIPS, Class::Elf64, Data::Lsb) => Self {
                triplets: &["mips64el-linux-gnuabi64"],
                libraries: &["lib64"],
                platforms: &[],
                cache_flags: &[0x703, 0xe03],
            },
            (Machine::MIPS, Class::Elf64, Data::Msb) => Self {
                triplets: &["mips64-linux-gnuabi64"],
                libraries: &["lib64"],
                platforms: &[],
                cache_flags: &[0x703, 0xe03],
            },
            _ => Self { triplets: &[], libraries: &["lib64"], platforms: &[], cache_flags: &[] },
        }
    }

    /// The folders that some glibc of this architecture has built in. Which of them an image's own
    /// has does not show from outside: a library in any of them counts as found.
    pub(super) fn built_in(&self) -> Vec<String> {
        let multiarch = self.triplets.iter().map(|it| format!("lib/{it}"));
        let others = self.libraries.iter().chain(&["lib"]).map(|it| (*it).to_owned());
        multiarch.chain(others).flat_map(|it| [format!("/{it}"), format!("/usr/{it}")]).collect()
    }
}
