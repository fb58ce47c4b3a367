//! What the bytes of an ELF file say.
//!
//! goblin reads the tables; what it hands out raw gets its name from the specification here.
//! Values keep the number they were read as: a machine nobody has heard of is still reported.
//!
//! Source: [System V gABI, chapters 4 and 5](https://gabi.xinuos.com/) and the processor
//! supplements named on the items.

mod abi;
mod attributes;
mod build;
mod build_attributes;
mod comment;
mod dynamic;
mod facts;
mod go;
mod header;
mod jemalloc;
mod linkage;
mod malformation;
mod notes;
mod packer;
mod size;
#[cfg(test)]
mod testing;
mod versions;
mod view;

pub use abi::{
    Abi, ArmAbi, ArmFloatAbi, FloatAbi, LoongArchAbi, MipsAbi, MipsArch, MipsCalling, Ppc64Abi,
    RiscvAbi,
};
pub use attributes::{ArmAttributes, ArmCpuArch, Attributes, RiscvAttributes, X86IsaNeeded};
pub use build::{GoBuild, Jemalloc, KernelVersion, Packer};
pub use facts::ElfFacts;
pub use header::{Class, Data, ElfTarget, ElfType, Machine};
pub use linkage::{
    DynamicFlags1, Linkage, LoadSegment, NeededVersion, PrivateSymbols, Strength, TlsSegment,
    VersionNeed,
};
pub use malformation::Malformation;

/// The first bytes of every ELF file (`EI_MAG0` to `EI_MAG3`).
pub const MAGIC: [u8; 4] = *b"\x7fELF";
