//! What a file wants of others, and what it gives them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a file comes by the code of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linkage {
    /// No loader, and no dynamic section that it would need: an executable, at fixed addresses but
    /// for programs that a packer made.
    Static,
    /// A dynamic section for its own relocations, `DF_1_PIE` and no loader.
    StaticPie,
    /// An executable that the kernel starts through a loader.
    Dynamic,
    /// For others to load: a library, plugin, or a loader.
    Shared,
    /// Not to be loaded at all: object files, kernel modules, core dumps, and files with nothing but
    /// the debug information of another.
    Unlinked,
}

impl fmt::Display for Linkage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Static => "static",
            Self::StaticPie => "static-pie",
            Self::Dynamic => "dynamic",
            Self::Shared => "shared",
            Self::Unlinked => "unlinked",
        })
    }
}

/// `DT_FLAGS_1`. The raw value is at `.0`.
///
/// Source: gABI, chapter 5, "Dynamic Section"; glibc, elf/elf.h.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DynamicFlags1(pub u64);

impl DynamicFlags1 {
    /// `DF_1_NODEFLIB`: neither the cache's default folders nor the built-in ones are searched.
    pub const NODEFLIB: u64 = 0x800;
    /// `DF_1_PIE`: an executable rather than a library.
    pub const PIE: u64 = 0x0800_0000;

    /// Whether a flag is set.
    #[must_use]
    pub const fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    /// Whether none is set.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0 == 0
    }
}

/// The versions that a file wants of one library's symbols.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionNeed {
    /// `vn_file`: the library, as in `DT_NEEDED`.
    pub library: String,
    /// `vna_name` of each, in the file's order.
    pub versions: Vec<NeededVersion>,
}

/// One version of a library's symbols.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededVersion {
    /// `vna_name`: `GLIBC_2.34`.
    pub name: String,
    /// Whether the loader starts the program without it too (`VER_FLG_WEAK`).
    #[serde(default, skip_serializing_if = "Strength::is_required")]
    pub strength: Strength,
}

/// What a loader does when a version is not defined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// It refuses the file.
    #[default]
    Required,
    /// It goes on (`VER_FLG_WEAK`).
    Weak,
}

impl Strength {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    const fn is_required(&self) -> bool {
        matches!(self, Self::Required)
    }
}

/// The dynamic symbols of version `GLIBC_PRIVATE`: loader, libc and their companions of one build
/// know them of each other, and they change with every release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateSymbols {
    /// Undefined here, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Defined here, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defines: Vec<String>,
}

impl PrivateSymbols {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty() && self.defines.is_empty()
    }
}

/// `PT_LOAD`: a part of the file that is mapped into memory. Sizes and places in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadSegment {
    /// `p_offset`.
    pub offset: u64,
    /// `p_vaddr`.
    pub address: u64,
    /// `p_filesz`.
    pub file_size: u64,
    /// `p_memsz`.
    pub memory_size: u64,
    /// `p_flags`: `PF_X` 1, `PF_W` 2, `PF_R` 4.
    pub flags: u32,
    /// `p_align`.
    pub alignment: u64,
}

/// `PT_TLS`: what each thread has of its own. In bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSegment {
    /// `p_memsz`.
    pub size: u64,
    /// `p_align`.
    pub alignment: u64,
}
