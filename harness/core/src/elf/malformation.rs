//! What is wrong with a damaged ELF file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a file that begins as ELF does cannot be used as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Malformation {
    /// The header is cut off, or its class or byte order is none that exists.
    Header,
    /// The program header table reaches beyond the end of the file.
    ProgramHeaders,
    /// A `PT_LOAD` segment takes bytes from beyond the end of the file: the file is truncated.
    SegmentBeyondEnd {
        /// Where the segment's bytes would end.
        needs: u64,
        /// The size of the file.
        has: u64,
    },
    /// `PT_INTERP` is outside the file, empty, not terminated, or not text.
    Interpreter,
    /// The dynamic section cannot be read.
    Dynamic,
}

impl fmt::Display for Malformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => {
                f.write_str("the ELF header is cut off or names no known class and byte order")
            }
            Self::ProgramHeaders => {
                f.write_str("the program header table reaches beyond the end of the file")
            }
            Self::SegmentBeyondEnd { needs, has } => {
                write!(
                    f,
                    "the file is truncated: a PT_LOAD segment ends at byte {needs}, but the file has {has} \
                     bytes"
                )
            }
            Self::Interpreter => f.write_str("PT_INTERP is not a valid path"),
            Self::Dynamic => f.write_str("the dynamic section cannot be read"),
        }
    }
}
