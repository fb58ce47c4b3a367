//! Executables of other operating systems, told by how they begin.

use crate::evidence::image::ForeignFormat;

/// The format that a file begins as.
pub(super) fn foreign_format(head: &[u8]) -> Option<ForeignFormat> {
    // Mach-O: <mach-o/loader.h> and <mach-o/fat.h>. The fat magic is also that of Java
    // classes, whose next word, a version above 44, is no sane count of architectures.
    match head.get(..4)? {
        b"\xfe\xed\xfa\xce" | b"\xfe\xed\xfa\xcf" | b"\xce\xfa\xed\xfe" | b"\xcf\xfa\xed\xfe" => {
            Some(ForeignFormat::MachO)
        }
        b"\xca\xfe\xba\xbe" if matches!(head.get(4..8)?, [0, 0, 0, 1..=20]) => {
            Some(ForeignFormat::MachO)
        }
        b"\0asm" => Some(ForeignFormat::Wasm),
        [b'M', b'Z', ..] => pe_format(head),
        _ => None,
    }
}

/// Two letters are no proof: the header's offset at 0x3c must lead to the PE signature. An
/// assembly has a CLR header among the optional header's data directories.
///
/// Source: PE Format, "MS-DOS Stub", "Signature" and "Optional Header Data Directories".
fn pe_format(head: &[u8]) -> Option<ForeignFormat> {
    const COFF_HEADER: usize = 4 + 20;
    const CLR_DIRECTORY: usize = 14 * 8;
    let offset = u32::from_le_bytes(*head.get(0x3c..)?.first_chunk()?);
    let file = head.get(usize::try_from(offset).ok()?..)?;
    if !file.starts_with(b"PE\0\0") {
        return None;
    }
    let optional = file.get(COFF_HEADER..).unwrap_or_default();
    let directories = match optional {
        [0x0b, 0x01, ..] => 96,
        [0x0b, 0x02, ..] => 112,
        _ => return Some(ForeignFormat::Pe),
    };
    let clr = optional.get(directories + CLR_DIRECTORY..).and_then(|it| it.first_chunk::<4>());
    Some(if clr.is_some_and(|it| *it != [0; 4]) {
        ForeignFormat::DotNet
    } else {
        ForeignFormat::Pe
    })
}
