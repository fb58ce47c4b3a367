//! What a file declares about the processor that it wants, beside its header.

use serde::{Deserialize, Serialize};

/// The declaration of whichever architecture it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attributes {
    /// `.ARM.attributes`.
    Arm(ArmAttributes),
    /// `.riscv.attributes`.
    Riscv(RiscvAttributes),
    /// `GNU_PROPERTY_X86_ISA_1_NEEDED`.
    X86(X86IsaNeeded),
}

/// The file's `aeabi` attributes that speak of the processor; an attribute that is not there is 0,
/// as the specification has it.
///
/// Source: Addenda to, and Errata in, the ABI for the Arm Architecture (ADDENDA32), chapter 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmAttributes {
    /// `Tag_CPU_arch` (6).
    pub cpu_arch: ArmCpuArch,
    /// `Tag_CPU_arch_profile` (7): the letter's code, 0 for none.
    pub profile: u32,
    /// `Tag_THUMB_ISA_use` (9).
    pub thumb: u32,
    /// `Tag_FP_arch` (10).
    pub fp_arch: u32,
    /// `Tag_Advanced_SIMD_arch` (12).
    pub simd: u32,
    /// `Tag_ABI_VFP_args` (28): how floating-point arguments are passed.
    pub vfp_args: u32,
    /// `Tag_DIV_use` (44).
    pub division: u32,
}

/// `Tag_CPU_arch`. The raw value is at `.0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArmCpuArch(pub u32);

impl ArmCpuArch {
    /// `v4` without Thumb.
    pub const V4: Self = Self(1);
    /// `v4T`.
    pub const V4T: Self = Self(2);
    /// `v5T`.
    pub const V5T: Self = Self(3);
    /// `v5TE`.
    pub const V5TE: Self = Self(4);
    /// `v5TEJ`.
    pub const V5TEJ: Self = Self(5);
    /// `v6`.
    pub const V6: Self = Self(6);
    /// `v6KZ`, that of the first Raspberry Pi.
    pub const V6KZ: Self = Self(7);
    /// `v6T2`.
    pub const V6T2: Self = Self(8);
    /// `v6K`.
    pub const V6K: Self = Self(9);
    /// `v7`, of which the profile says more.
    pub const V7: Self = Self(10);
    /// `v6-M`, for microcontrollers.
    pub const V6_M: Self = Self(11);
    /// `v6S-M`, for microcontrollers.
    pub const V6S_M: Self = Self(12);
    /// `v7E-M`, for microcontrollers.
    pub const V7E_M: Self = Self(13);
    /// `v8-A`.
    pub const V8_A: Self = Self(14);
    /// `v8-R`.
    pub const V8_R: Self = Self(15);
    /// `v8-M baseline`, for microcontrollers.
    pub const V8_M_BASE: Self = Self(16);
    /// `v8-M mainline`, for microcontrollers.
    pub const V8_M_MAIN: Self = Self(17);
    /// `v8.1-A`.
    pub const V8_1_A: Self = Self(18);
    /// `v8.2-A`.
    pub const V8_2_A: Self = Self(19);
    /// `v8.3-A`.
    pub const V8_3_A: Self = Self(20);
    /// `v8.1-M mainline`, for microcontrollers.
    pub const V8_1_M_MAIN: Self = Self(21);
    /// `v9-A`.
    pub const V9_A: Self = Self(22);

    /// The version of the architecture that an application processor must have, such as 7; none
    /// for microcontrollers, whose code no such processor is meant for, and for unknown values.
    ///
    /// Values are in the order of their invention, not of the versions. Before `v4` it is 3.
    #[must_use]
    pub const fn version(self) -> Option<u8> {
        match self.0 {
            0 => Some(3),
            1 | 2 => Some(4),
            3..=5 => Some(5),
            6..=9 => Some(6),
            10 => Some(7),
            14 | 15 | 18..=20 => Some(8),
            22 => Some(9),
            _ => None,
        }
    }
}

/// The file's `riscv` attributes.
///
/// Source: RISC-V ELF psABI, "Attributes".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiscvAttributes {
    /// `Tag_RISCV_arch` (5): the instruction set, `rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0`.
    pub arch: String,
}

/// `GNU_PROPERTY_X86_ISA_1_NEEDED`, a bit a level. The raw value is at `.0`.
///
/// The levels are the least that the file needs: dynamically chosen code may use more.
///
/// Source: x86-64 psABI, "Program Property"; binutils, include/elf/common.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct X86IsaNeeded(pub u32);

impl X86IsaNeeded {
    /// `GNU_PROPERTY_X86_ISA_1_BASELINE`: what every x86-64 processor has.
    pub const BASELINE: u32 = 1;
    /// `GNU_PROPERTY_X86_ISA_1_V2`: x86-64-v2.
    pub const V2: u32 = 2;
    /// `GNU_PROPERTY_X86_ISA_1_V3`: x86-64-v3.
    pub const V3: u32 = 4;
    /// `GNU_PROPERTY_X86_ISA_1_V4`: x86-64-v4.
    pub const V4: u32 = 8;

    /// The highest level that is needed: 1 is the baseline. None if no known bit is set.
    #[must_use]
    pub const fn level(self) -> Option<u8> {
        match self.0 & (Self::BASELINE | Self::V2 | Self::V3 | Self::V4) {
            0 => None,
            Self::BASELINE => Some(1),
            2..4 => Some(2),
            4..8 => Some(3),
            _ => Some(4),
        }
    }
}
