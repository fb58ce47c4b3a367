//! What a file of an image is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::loader_cache::LoaderCache;
use super::packages::Packages;
use crate::elf::{ElfFacts, Malformation};

/// What the kernel would make of a regular file, and what it says if it is ELF.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// No bytes at all.
    Empty,
    /// ELF that can be read at least in part.
    Elf(Box<ElfFacts>),
    /// Begins as ELF, and then not even the header can be read.
    BrokenElf(Malformation),
    /// Begins with `#!`.
    Script(Shebang),
    /// Text whose `#!` is not at its very beginning, where alone the kernel looks for it.
    MisplacedShebang(Misplacement),
    /// An executable of another operating system.
    Foreign(ForeignFormat),
    /// Text that decides how programs are started, kept for that: `passwd`, `group`,
    /// `ld.so.preload`, musl's `ld-musl-ARCH.path`.
    Text(String),
    /// Where glibc's loader finds libraries.
    LoaderCache(LoaderCache),
    /// What a package manager says is installed.
    Packages(Packages),
    /// Anything else.
    Data,
}

/// What hides a `#!` from the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misplacement {
    /// A byte order mark before it.
    ByteOrderMark,
    /// Blank lines, blanks or comments before it.
    LaterLine,
}

/// A format that Linux does not execute by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForeignFormat {
    /// Windows: Portable Executable.
    Pe,
    /// macOS: Mach-O, one architecture or several.
    MachO,
    /// .NET assembly, a PE file for a virtual machine.
    DotNet,
    /// WebAssembly module.
    Wasm,
}

impl ForeignFormat {
    /// Whether a program of any platform can load it, so that it has its place in a Linux image.
    #[must_use]
    pub const fn is_portable(self) -> bool {
        matches!(self, Self::DotNet | Self::Wasm)
    }
}

impl fmt::Display for ForeignFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pe => "a Windows executable (PE)",
            Self::MachO => "a macOS executable (Mach-O)",
            Self::DotNet => "a .NET assembly",
            Self::Wasm => "a WebAssembly module",
        })
    }
}

/// The first line of a script as Linux takes it apart (`fs/binfmt_script.c`): the interpreter,
/// then all the rest of the line as one argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shebang {
    /// The interpreter's path as written; empty if the line names none.
    pub interpreter: String,
    /// The rest of the line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub argument: String,
    /// The whole script, where it is a shell's and may execute its arguments as a command; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Content {
    /// About the memory that it takes beside itself, in bytes.
    pub(crate) fn size_in_memory(&self) -> usize {
        match self {
            Self::Elf(facts) => facts.size_in_memory(),
            Self::Script(Shebang { interpreter, argument, source }) => {
                interpreter.len() + argument.len() + source.len()
            }
            Self::Text(text) => text.len(),
            Self::LoaderCache(cache) => cache.size_in_memory(),
            Self::Packages(packages) => packages.size_in_memory(),
            _ => 0,
        }
    }
}

impl Shebang {
    /// The kernel looks at no more of a file's beginning, in bytes (`BINPRM_BUF_SIZE`).
    pub(crate) const LIMIT: usize = 256;

    /// Whether the interpreter's path is longer than what the kernel reads of the line. What is cut
    /// off of the argument does no harm.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.interpreter.len() >= Self::LIMIT - 2
    }

    /// Whether a carriage return became part of the interpreter's name or argument.
    #[must_use]
    pub fn has_carriage_return(&self) -> bool {
        self.interpreter.ends_with('\r') || self.argument.ends_with('\r')
    }
}
