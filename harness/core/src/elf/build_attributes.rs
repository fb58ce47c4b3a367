//! Build attributes, as ARM and RISC-V have them: what the code of the whole file was made for.
//!
//! Source: Addenda to, and Errata in, the ABI for the Arm Architecture (ADDENDA32), chapter 2;
//! RISC-V ELF psABI, "Attributes", which takes the format over.

use super::view::Encoding;
use super::{ArmAttributes, RiscvAttributes};

const FORMAT_VERSION: u8 = b'A';
const TAG_FILE: u8 = 1;

/// The value of an attribute.
enum Value<'a> {
    Number(u64),
    Text(&'a [u8]),
}

/// `.ARM.attributes`: the vendor `aeabi`.
pub(super) fn arm(section: &[u8], encoding: Encoding) -> Option<ArmAttributes> {
    let mut found = ArmAttributes::default();
    let mut any = false;
    for_each(section, encoding, b"aeabi", arm_value, |tag, value| {
        any = true;
        let Value::Number(number) = value else { return };
        let field = match tag {
            6 => &mut found.cpu_arch.0,
            7 => &mut found.profile,
            9 => &mut found.thumb,
            10 => &mut found.fp_arch,
            12 => &mut found.simd,
            28 => &mut found.vfp_args,
            44 => &mut found.division,
            _ => return,
        };
        *field = u32::try_from(number).unwrap_or(u32::MAX);
    });
    any.then_some(found)
}

/// `.riscv.attributes`: the vendor `riscv`.
pub(super) fn riscv(section: &[u8], encoding: Encoding) -> Option<RiscvAttributes> {
    const TAG_ARCH: u64 = 5;
    let mut found = None;
    for_each(section, encoding, b"riscv", riscv_value, |tag, value| {
        if let (TAG_ARCH, Value::Text(arch)) = (tag, value) {
            found = std::str::from_utf8(arch).ok().map(|it| RiscvAttributes { arch: it.into() });
        }
    });
    found
}

/// Text or number: by the tag's parity, but for the tags of below 32 and `Tag_compatibility` (32),
/// which is a number and a text. `Tag_also_compatible_with` (65) and `Tag_conformance` (67) are odd
/// and text.
///
/// Source: ADDENDA32, section 2.2.6 "Coding extensibility and compatibility" and chapter 3.
fn arm_value<'a>(tag: u64, attributes: &mut &'a [u8]) -> Option<Value<'a>> {
    const TAG_CPU_RAW_NAME: u64 = 4;
    const TAG_CPU_NAME: u64 = 5;
    const TAG_COMPATIBILITY: u64 = 32;
    match tag {
        TAG_CPU_RAW_NAME | TAG_CPU_NAME => text(attributes),
        TAG_COMPATIBILITY => {
            uleb128(attributes)?;
            text(attributes)
        }
        _ if tag > TAG_COMPATIBILITY && tag % 2 == 1 => text(attributes),
        _ => uleb128(attributes).map(Value::Number),
    }
}

/// Text has odd tags.
fn riscv_value<'a>(tag: u64, attributes: &mut &'a [u8]) -> Option<Value<'a>> {
    if tag % 2 == 1 { text(attributes) } else { uleb128(attributes).map(Value::Number) }
}

/// Hands out the attributes of one vendor that speak of the whole file, up to the first that is
/// damaged. Those of single sections and symbols are for linkers.
fn for_each<'a>(
    section: &'a [u8],
    encoding: Encoding,
    vendor: &[u8],
    value: impl Fn(u64, &mut &'a [u8]) -> Option<Value<'a>>,
    mut take: impl FnMut(u64, Value<'a>),
) {
    let mut subsections = section.strip_prefix(&[FORMAT_VERSION]).unwrap_or_default();
    // The length, itself included; the vendor; the vendor's data.
    while let Some(subsection) = sized(&mut subsections, 0, encoding) {
        let mut subsection = &subsection[4..];
        let Some(Value::Text(name)) = text(&mut subsection) else { return };
        if name != vendor {
            continue;
        }
        // A tag, the length with both of them included, attributes.
        while let Some(scope) = sized(&mut subsection, 1, encoding) {
            let mut attributes = &scope[5..];
            if scope[0] != TAG_FILE {
                continue;
            }
            while let Some(tag) = uleb128(&mut attributes) {
                let Some(value) = value(tag, &mut attributes) else { return };
                take(tag, value);
            }
        }
    }
}

/// Takes off a part whose length, that counts all of it, is at a place in it. The part is never
/// shorter than what tells its length.
fn sized<'a>(rest: &mut &'a [u8], at: usize, encoding: Encoding) -> Option<&'a [u8]> {
    let size = encoding.size(rest, at)?;
    if size < at + 4 {
        return None;
    }
    let (part, others) = rest.split_at_checked(size)?;
    *rest = others;
    Some(part)
}

/// A text up to its NUL.
fn text<'a>(rest: &mut &'a [u8]) -> Option<Value<'a>> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = &rest[..end];
    *rest = &rest[end + 1..];
    Some(Value::Text(text))
}

/// A number of 7 bits a byte, the lowest first.
///
/// Source: DWARF, "Variable Length Data".
pub(super) fn uleb128(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, others) = rest.split_first()?;
        *rest = others;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::{ArmCpuArch, Attributes, Class, Data, ElfFacts};
    use crate::fixture::ElfFile;

    const ENCODING: Encoding = Encoding { class: Class::Elf32, data: Data::Lsb };

    fn attributes(file: &ElfFile) -> Option<Attributes> {
        let facts = ElfFacts::read(&file.bytes()).expect("a header");
        assert_eq!(facts.malformation, None);
        facts.attributes
    }

    /// A subsection with one scope.
    fn section(vendor: &str, scope: u8, attributes: &[u8]) -> Vec<u8> {
        let size = |it: usize| u32::try_from(it).expect("small").to_le_bytes();
        let scope = [&[scope][..], &size(attributes.len() + 5), attributes].concat();
        let rest = [vendor.as_bytes(), b"\0", &scope].concat();
        [&size(rest.len() + 4)[..], &rest].concat()
    }

    #[test]
    fn arm_attributes_are_read() {
        let written = [(6, 10), (7, b'A'), (8, 1), (9, 2), (10, 6), (12, 2), (28, 1), (44, 2)];
        let file = ElfFile::of("linux/arm/v7").with_arm_attributes(&written);
        let expected = ArmAttributes {
            cpu_arch: ArmCpuArch::V7,
            profile: b'A'.into(),
            thumb: 2,
            fp_arch: 6,
            simd: 2,
            vfp_args: 1,
            division: 2,
        };
        assert_eq!(attributes(&file), Some(Attributes::Arm(expected)));
        assert_eq!(attributes(&ElfFile::of("linux/arm/v7")), None);
        let other = ElfFile::of("linux/amd64").with_arm_attributes(&written);
        assert_eq!(attributes(&other), None, "another machine's number");
    }

    #[test]
    fn riscv_attributes_are_read() {
        let file = ElfFile::of("linux/riscv64").with_riscv_arch("rv64i2p1_m2p0");
        let expected = RiscvAttributes { arch: "rv64i2p1_m2p0".into() };
        assert_eq!(attributes(&file), Some(Attributes::Riscv(expected)));
        assert_eq!(attributes(&ElfFile::of("linux/riscv64")), None);
    }

    /// Whether a tag has text or a number has to be known of all, to come to the next one.
    #[test]
    fn every_kind_of_value_is_stepped_over() {
        let written = [
            b"\x04raw\0\x05name\0".as_slice(),
            b"\x20\x01gnu\0",
            b"\x41\x06\x0b\0",
            b"\x432.09\0",
            b"\x80\x01\x05",
            b"\x81\x01odd\0",
            b"\x06\x0e",
        ]
        .concat();
        let section = [b"A".as_slice(), &section("aeabi", 1, &written)].concat();
        let found = arm(&section, ENCODING).expect("attributes");
        assert_eq!(found.cpu_arch, ArmCpuArch::V8_A);
    }

    #[test]
    fn other_vendors_and_scopes_do_not_count() {
        let section = [
            b"A".as_slice(),
            &section("gnu", 1, b"\x06\x01"),
            &section("aeabi", 2, b"\x01\0\x06\x01"),
            &section("aeabi", 1, b"\x06\x0a"),
            &section("aeabi", 3, b"\x01\0\x06\x01"),
        ]
        .concat();
        assert_eq!(arm(&section, ENCODING).map(|it| it.cpu_arch), Some(ArmCpuArch::V7));
    }

    #[test]
    fn what_is_damaged_is_none() {
        let whole = [b"A".as_slice(), &section("aeabi", 1, b"\x06\x0a")].concat();
        for (what, at, value) in [
            ("another version", 0, b'B'),
            ("a length of nothing", 1, 0),
            ("a length beyond the end", 1, 0xff),
            ("another vendor", 5, b'x'),
            ("a scope of no length", 12, 0),
            ("a value without an end", 17, 0x80),
        ] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            assert_eq!(arm(&bytes, ENCODING), None, "{what}");
        }
    }

    #[test]
    fn versions_do_not_follow_the_numbers() {
        for (arch, version) in [
            (ArmCpuArch::V4T, Some(4)),
            (ArmCpuArch::V5TEJ, Some(5)),
            (ArmCpuArch::V6KZ, Some(6)),
            (ArmCpuArch::V6K, Some(6)),
            (ArmCpuArch::V7, Some(7)),
            (ArmCpuArch::V6_M, None),
            (ArmCpuArch::V7E_M, None),
            (ArmCpuArch::V8_A, Some(8)),
            (ArmCpuArch::V8_M_MAIN, None),
            (ArmCpuArch::V9_A, Some(9)),
            (ArmCpuArch(99), None),
        ] {
            assert_eq!(arch.version(), version, "{arch:?}");
        }
    }

    #[test]
    fn numbers_of_any_length_are_read_or_refused() {
        for (raw, expected) in [
            (b"\x7f".as_slice(), Some(127)),
            (b"\xe5\x8e\x26", Some(624_485)),
            (b"\x80", None),
            (b"", None),
            (&[0x80; 11], None),
        ] {
            assert_eq!(uleb128(&mut &*raw), expected, "{raw:x?}");
        }
    }

    #[test]
    fn no_byte_is_trusted() {
        let arm = ElfFile::of("linux/arm/v7").with_arm_attributes(&[(6, 10), (7, b'A')]);
        let riscv = ElfFile::of("linux/riscv64").with_riscv_arch("rv64i2p1");
        for file in [arm, riscv] {
            crate::elf::testing::mutate(&file.bytes());
        }
    }
}
