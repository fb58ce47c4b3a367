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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArmCpuArch(pub u32);

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
/// Source: x86-64 psABI, section 4.? "Program Property".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct X86IsaNeeded(pub u32);
