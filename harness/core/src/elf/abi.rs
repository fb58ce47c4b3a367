//! What `e_flags` says about the conventions that code follows: code of two conventions cannot call
//! one another, though the machine is the same.

use std::fmt;

use super::{Class, Machine};

/// The conventions, in the machine's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abi {
    /// ARM.
    Arm(ArmAbi),
    /// RISC-V.
    Riscv(RiscvAbi),
    /// 64-bit PowerPC.
    Ppc64(Ppc64Abi),
    /// MIPS.
    Mips(MipsAbi),
    /// LoongArch.
    LoongArch(LoongArchAbi),
}

impl Abi {
    /// The meaning of a file's `e_flags`; none where the machine does not tell conventions by them.
    #[must_use]
    pub const fn of(machine: Machine, class: Class, flags: u32) -> Option<Self> {
        match machine {
            Machine::ARM => Some(Self::Arm(ArmAbi::of(flags))),
            Machine::RISCV => Some(Self::Riscv(RiscvAbi::of(flags))),
            Machine::PPC64 => Some(Self::Ppc64(Ppc64Abi::of(flags))),
            Machine::MIPS => Some(Self::Mips(MipsAbi::of(class, flags))),
            Machine::LOONGARCH => Some(Self::LoongArch(LoongArchAbi::of(flags))),
            _ => None,
        }
    }

    /// How floating-point numbers are passed, where `e_flags` says so.
    #[must_use]
    pub fn float(self) -> Option<String> {
        match self {
            Self::Arm(abi) => abi.float.map(|it| it.to_string()),
            Self::Riscv(abi) => Some(abi.float.to_string()),
            Self::LoongArch(abi) => abi.float.map(|it| it.to_string()),
            Self::Ppc64(_) | Self::Mips(_) => None,
        }
    }
}

/// How floating-point numbers are passed: the widest registers that are used for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatAbi {
    /// In the registers of integers.
    Soft,
    /// In registers of 32 bits.
    Single,
    /// In registers of 64 bits.
    Double,
    /// In registers of 128 bits.
    Quad,
}

impl fmt::Display for FloatAbi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Soft => "soft-float",
            Self::Single => "single-float",
            Self::Double => "double-float",
            Self::Quad => "quad-float",
        })
    }
}

/// ARM.
///
/// Source: ELF for the Arm Architecture (AAELF32), section 5.2 "ELF Header".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmAbi {
    /// `EF_ARM_EABIMASK`: the version of the EABI, 5 today; 0 before there was one, and in object
    /// files of some tools.
    pub eabi: u8,
    /// `EF_ARM_ABI_FLOAT_SOFT` and `EF_ARM_ABI_FLOAT_HARD`, of version 5 and later; not every
    /// linker sets one.
    pub float: Option<ArmFloatAbi>,
}

/// The procedure call standard's variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmFloatAbi {
    /// Floating-point numbers are passed in the registers of integers, as with armel.
    Soft,
    /// Floating-point numbers are passed in VFP registers, as with armhf.
    Hard,
}

impl fmt::Display for ArmFloatAbi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Soft => "soft-float",
            Self::Hard => "hard-float",
        })
    }
}

impl ArmAbi {
    /// The meaning of `e_flags`.
    #[must_use]
    pub const fn of(flags: u32) -> Self {
        const EF_ARM_ABI_FLOAT_SOFT: u32 = 0x200;
        const EF_ARM_ABI_FLOAT_HARD: u32 = 0x400;
        let [eabi, ..] = flags.to_be_bytes();
        // The same bits had other meanings before.
        let float = match flags & (EF_ARM_ABI_FLOAT_SOFT | EF_ARM_ABI_FLOAT_HARD) {
            EF_ARM_ABI_FLOAT_SOFT if eabi >= 5 => Some(ArmFloatAbi::Soft),
            EF_ARM_ABI_FLOAT_HARD if eabi >= 5 => Some(ArmFloatAbi::Hard),
            _ => None,
        };
        Self { eabi, float }
    }
}

/// RISC-V.
///
/// Source: RISC-V ELF psABI, "File Header".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiscvAbi {
    /// `EF_RISCV_FLOAT_ABI`.
    pub float: FloatAbi,
    /// `EF_RISCV_RVC`: compressed instructions are used.
    pub compressed: bool,
    /// `EF_RISCV_RVE`: there are but 16 registers.
    pub embedded: bool,
    /// `EF_RISCV_TSO`: memory must be ordered as on x86.
    pub total_store_order: bool,
}

impl RiscvAbi {
    /// The meaning of `e_flags`.
    #[must_use]
    pub const fn of(flags: u32) -> Self {
        let float = match flags & 6 {
            0 => FloatAbi::Soft,
            2 => FloatAbi::Single,
            4 => FloatAbi::Double,
            _ => FloatAbi::Quad,
        };
        Self {
            float,
            compressed: flags & 1 != 0,
            embedded: flags & 8 != 0,
            total_store_order: flags & 0x10 != 0,
        }
    }
}

/// 64-bit PowerPC.
///
/// Source: Power Architecture 64-Bit ELF V2 ABI, section 4.1 "ELF Header" (`EF_PPC64_ABI`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ppc64Abi {
    /// 0: either, as in files of no functions.
    Unspecified,
    /// 1: with function descriptors, as big-endian systems mostly have it.
    V1,
    /// 2: that of all little-endian systems, and of musl on big-endian ones.
    V2,
    /// 3: nothing yet.
    Reserved,
}

impl Ppc64Abi {
    /// The meaning of `e_flags`.
    #[must_use]
    pub const fn of(flags: u32) -> Self {
        match flags & 3 {
            0 => Self::Unspecified,
            1 => Self::V1,
            2 => Self::V2,
            _ => Self::Reserved,
        }
    }
}

/// MIPS.
///
/// Source: binutils, include/elf/mips.h; Linux, arch/mips/include/asm/elf.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MipsAbi {
    /// The calling convention.
    pub calling: MipsCalling,
    /// `EF_MIPS_ARCH`: the instruction set.
    pub arch: MipsArch,
    /// `EF_MIPS_NAN2008`: quiet and signalling NaN are as IEEE 754-2008 has them, not the other way
    /// round.
    pub nan_2008: bool,
    /// `EF_MIPS_FP64`: floating-point registers have 64 bits, with the convention of 32.
    pub fp_64: bool,
}

/// MIPS calling conventions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MipsCalling {
    /// 32 bits.
    O32,
    /// 64-bit registers and 32-bit addresses.
    N32,
    /// 64 bits.
    N64,
    /// One that Linux does not know, by its number (`EF_MIPS_ABI`): o64, and those of embedded
    /// systems.
    Other(u8),
}

impl fmt::Display for MipsCalling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::O32 => f.pad("o32"),
            Self::N32 => f.pad("n32"),
            Self::N64 => f.pad("n64"),
            Self::Other(number) => write!(f, "EF_MIPS_ABI {number}"),
        }
    }
}

/// `EF_MIPS_ARCH`. The raw value, shifted to the right, is at `.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MipsArch(pub u8);

impl MipsArch {
    /// The instruction set's name.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "mips1",
            1 => "mips2",
            2 => "mips3",
            3 => "mips4",
            4 => "mips5",
            5 => "mips32",
            6 => "mips64",
            7 => "mips32r2",
            8 => "mips64r2",
            9 => "mips32r6",
            10 => "mips64r6",
            _ => return None,
        })
    }

    /// Whether it is of release 6, whose instructions are encoded in another way.
    #[must_use]
    pub const fn is_release_6(self) -> bool {
        matches!(self.0, 9 | 10)
    }
}

impl MipsAbi {
    /// The meaning of `e_flags`.
    #[must_use]
    pub const fn of(class: Class, flags: u32) -> Self {
        const EF_MIPS_ABI2: u32 = 0x20;
        let [arch_and_more, _, abi_and_more, _] = flags.to_be_bytes();
        let calling = match (class, abi_and_more >> 4) {
            (Class::Elf64, 0) => MipsCalling::N64,
            (Class::Elf32, 0) if flags & EF_MIPS_ABI2 != 0 => MipsCalling::N32,
            (Class::Elf32, 0 | 1) => MipsCalling::O32,
            (_, other) => MipsCalling::Other(other),
        };
        Self {
            calling,
            arch: MipsArch(arch_and_more >> 4),
            nan_2008: flags & 0x400 != 0,
            fp_64: flags & 0x200 != 0,
        }
    }
}

/// LoongArch.
///
/// Source: ELF for the LoongArch Architecture, "`e_flags`: identifies ABI type and version".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoongArchAbi {
    /// The base ABI's modifier; none for values without a meaning, as in files from before there
    /// was one.
    pub float: Option<FloatAbi>,
    /// The version of the relocations (`EF_LOONGARCH_OBJABI`): 0 until 2022, now 1.
    pub object_version: u8,
}

impl LoongArchAbi {
    /// The meaning of `e_flags`.
    #[must_use]
    pub const fn of(flags: u32) -> Self {
        let [.., low] = flags.to_be_bytes();
        let float = match low & 7 {
            1 => Some(FloatAbi::Soft),
            2 => Some(FloatAbi::Single),
            3 => Some(FloatAbi::Double),
            _ => None,
        };
        Self { float, object_version: low >> 6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::ElfFacts;
    use crate::fixture::ElfFile;

    /// Through a file, so that its byte order and class count.
    fn abi(platform_name: &str, flags: u32) -> Option<Abi> {
        let bytes = ElfFile::of(platform_name).with_flags(flags).bytes();
        ElfFacts::read(&bytes).expect("a header").abi()
    }

    #[test]
    fn arm() {
        for (flags, eabi, float) in [
            (0x0500_0400, 5, Some(ArmFloatAbi::Hard)),
            (0x0500_0200, 5, Some(ArmFloatAbi::Soft)),
            (0x0500_0000, 5, None),
            (0x0500_0600, 5, None),
            (0x0400_0400, 4, None),
            (0x0000_0200, 0, None),
        ] {
            let expected = Abi::Arm(ArmAbi { eabi, float });
            assert_eq!(abi("linux/arm/v7", flags), Some(expected), "{flags:#x}");
        }
    }

    #[test]
    fn riscv() {
        for (flags, float, bits) in [
            (0x05, FloatAbi::Double, [true, false, false]),
            (0x00, FloatAbi::Soft, [false, false, false]),
            (0x0a, FloatAbi::Single, [false, true, false]),
            (0x16, FloatAbi::Quad, [false, false, true]),
        ] {
            let [compressed, embedded, total_store_order] = bits;
            let expected = RiscvAbi { float, compressed, embedded, total_store_order };
            assert_eq!(abi("linux/riscv64", flags), Some(Abi::Riscv(expected)), "{flags:#x}");
        }
    }

    #[test]
    fn powerpc() {
        for (flags, expected) in [
            (0, Ppc64Abi::Unspecified),
            (1, Ppc64Abi::V1),
            (2, Ppc64Abi::V2),
            (3, Ppc64Abi::Reserved),
        ] {
            for name in ["linux/ppc64", "linux/ppc64le"] {
                assert_eq!(abi(name, flags), Some(Abi::Ppc64(expected)), "{name} {flags}");
            }
        }
    }

    #[test]
    fn mips() {
        for (class, flags, calling, arch, nan_2008) in [
            (Class::Elf32, 0x7000_1007, MipsCalling::O32, "mips32r2", false),
            (Class::Elf32, 0x7000_1407, MipsCalling::O32, "mips32r2", true),
            (Class::Elf32, 0x0000_0000, MipsCalling::O32, "mips1", false),
            (Class::Elf32, 0x6000_0027, MipsCalling::N32, "mips64", false),
            (Class::Elf64, 0xa000_0407, MipsCalling::N64, "mips64r6", true),
            (Class::Elf32, 0x2000_2000, MipsCalling::Other(2), "mips3", false),
        ] {
            let abi = MipsAbi::of(class, flags);
            assert_eq!((abi.calling, abi.nan_2008), (calling, nan_2008), "{flags:#x}");
            assert_eq!(abi.arch.name(), Some(arch), "{flags:#x}");
            assert_eq!(abi.arch.is_release_6(), arch.ends_with("r6"), "{flags:#x}");
        }
        assert!(matches!(abi("linux/mips64", 0), Some(Abi::Mips(_))));
    }

    #[test]
    fn loongarch() {
        for (flags, float, object_version) in [
            (0x43, Some(FloatAbi::Double), 1),
            (0x03, Some(FloatAbi::Double), 0),
            (0x41, Some(FloatAbi::Soft), 1),
            (0x42, Some(FloatAbi::Single), 1),
            (0x00, None, 0),
        ] {
            let expected = Abi::LoongArch(LoongArchAbi { float, object_version });
            assert_eq!(abi("linux/loong64", flags), Some(expected), "{flags:#x}");
        }
    }

    #[test]
    fn other_machines_have_one_convention() {
        for name in ["linux/amd64", "linux/arm64", "linux/386", "linux/s390x"] {
            assert_eq!(abi(name, 0xffff_ffff), None, "{name}");
        }
    }
}
