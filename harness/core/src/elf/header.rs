//! The fields of the ELF header, as newtypes with the specification's spelling.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `e_machine`: the instruction set. The raw value is at `.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Machine(pub u16);

macro_rules! machines {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl Machine {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The name that the gABI's table of `e_machine` gives the value.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

machines! {
    /// 32-bit x86.
    I386 = 3, "EM_386";
    /// Motorola 68000.
    M68K = 4, "EM_68K";
    /// SPARC.
    SPARC = 2, "EM_SPARC";
    /// MIPS, 32 and 64 bits, both byte orders.
    MIPS = 8, "EM_MIPS";
    /// 32-bit SPARC with V9 extensions.
    SPARC32PLUS = 18, "EM_SPARC32PLUS";
    /// 32-bit PowerPC.
    PPC = 20, "EM_PPC";
    /// 64-bit PowerPC, both byte orders.
    PPC64 = 21, "EM_PPC64";
    /// IBM S/390 and Z.
    S390 = 22, "EM_S390";
    /// 32-bit ARM.
    ARM = 40, "EM_ARM";
    /// SuperH.
    SH = 42, "EM_SH";
    /// 64-bit SPARC.
    SPARCV9 = 43, "EM_SPARCV9";
    /// Itanium.
    IA_64 = 50, "EM_IA_64";
    /// 64-bit x86; with `ELFCLASS32` it is the x32 ABI.
    X86_64 = 62, "EM_X86_64";
    /// 64-bit ARM.
    AARCH64 = 183, "EM_AARCH64";
    /// NVIDIA GPU code, which host programs carry as data.
    CUDA = 190, "EM_CUDA";
    /// AMD GPU code.
    AMDGPU = 224, "EM_AMDGPU";
    /// RISC-V, 32 and 64 bits.
    RISCV = 243, "EM_RISCV";
    /// eBPF programs, which the kernel loads on any machine.
    BPF = 247, "EM_BPF";
    /// LoongArch, 32 and 64 bits.
    LOONGARCH = 258, "EM_LOONGARCH";
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "e_machine {}", self.0),
        }
    }
}

/// `EI_CLASS`: the size of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// `ELFCLASS32`.
    Elf32,
    /// `ELFCLASS64`.
    Elf64,
}

impl Class {
    /// The value in the file.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Elf32 => 1,
            Self::Elf64 => 2,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Elf32 => "ELFCLASS32",
            Self::Elf64 => "ELFCLASS64",
        })
    }
}

/// `EI_DATA`: the byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Data {
    /// `ELFDATA2LSB`, little-endian.
    Lsb,
    /// `ELFDATA2MSB`, big-endian.
    Msb,
}

impl Data {
    /// The value in the file.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Lsb => 1,
            Self::Msb => 2,
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Lsb => "ELFDATA2LSB",
            Self::Msb => "ELFDATA2MSB",
        })
    }
}

/// `e_type`: what kind of object file it is. The raw value is at `.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ElfType(pub u16);

impl ElfType {
    /// Relocatable: `.o`, kernel modules, `.syso`.
    pub const REL: Self = Self(1);
    /// An executable at fixed addresses.
    pub const EXEC: Self = Self(2);
    /// A shared object or a position-independent executable.
    pub const DYN: Self = Self(3);
    /// A core dump.
    pub const CORE: Self = Self(4);

    /// Whether the kernel or a loader maps such a file to execute it.
    #[must_use]
    pub const fn is_loadable(self) -> bool {
        matches!(self, Self::EXEC | Self::DYN)
    }
}

impl fmt::Display for ElfType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::REL => f.pad("ET_REL"),
            Self::EXEC => f.pad("ET_EXEC"),
            Self::DYN => f.pad("ET_DYN"),
            Self::CORE => f.pad("ET_CORE"),
            Self(other) => write!(f, "e_type {other}"),
        }
    }
}

/// What the header says of the processor: the three fields that the kernel compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElfTarget {
    /// `e_machine`.
    pub machine: Machine,
    /// `EI_CLASS`.
    pub class: Class,
    /// `EI_DATA`.
    pub data: Data,
}
