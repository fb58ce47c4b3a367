//! Which size of pages jemalloc was compiled for.
//!
//! The size is a constant of the code and nowhere else: where it starts, jemalloc compares the
//! system's pages with it, and if they are larger says so and gives up. The message tells that
//! jemalloc is there; on `EM_AARCH64` the comparison that leads to it is looked for. Machines that
//! have pages of one size only are not looked at.
//!
//! Source: jemalloc, src/pages.c (`pages_boot`); Arm Architecture Reference Manual, C6.2.

use goblin::elf::program_header::{PF_X, PT_LOAD};
use memchr::memmem;

use super::view::View;
use super::{Class, Data, Jemalloc, Machine};

/// The message, in two parts so that this program does not hold it as jemalloc does.
const SPEAKER: &[u8] = b"<jemalloc>: ";
const MESSAGE: &[u8] = b"Unsupported system page size\n\0";
/// The sizes that Linux has on this machine.
const SIZES: [u64; 3] = [4 << 10, 16 << 10, 64 << 10];
/// The message has one place in the code; no more are looked at, for each takes a while.
const REFERENCES: usize = 16;
/// How many instructions a compiler may have put between two that belong together.
const APART: usize = 8;

pub(super) fn read(view: &View<'_>) -> Option<Jemalloc> {
    let machines = [Machine::AARCH64, Machine::PPC64, Machine::LOONGARCH, Machine::MIPS];
    if !machines.contains(&view.machine) {
        return None;
    }
    let message = message_address(view)?;
    Some(page_size(view, message).map_or(Jemalloc::PageSizeUnknown, Jemalloc::PageSize))
}

fn message_address(view: &View<'_>) -> Option<u64> {
    view.contents(PT_LOAD).find_map(|(segment, content)| {
        let mut found = memmem::find_iter(content, MESSAGE);
        let at = found.find_map(|at| {
            let before = &content[..at];
            before.ends_with(SPEAKER).then(|| at - SPEAKER.len())
        })?;
        segment.p_vaddr.checked_add(at as u64)
    })
}

/// The one size that leads to the message, if there is exactly one.
fn page_size(view: &View<'_>, message: u64) -> Option<u64> {
    if view.machine != Machine::AARCH64 || view.encoding.class != Class::Elf64 {
        return None;
    }
    // Code is little-endian whatever the data is; but such systems have no images.
    if view.encoding.data != Data::Lsb {
        return None;
    }
    let mut found = None;
    for (segment, bytes) in view.contents(PT_LOAD).filter(|it| it.0.p_flags & PF_X != 0) {
        let code = Code { bytes, address: segment.p_vaddr };
        for at in code.references(message).take(REFERENCES) {
            for size in code.guards(at) {
                if found.is_some_and(|it| it != size) {
                    return None;
                }
                found = Some(size);
            }
        }
    }
    found
}

/// A64 instructions, by their number from the start.
struct Code<'a> {
    bytes: &'a [u8],
    address: u64,
}

impl<'a> Code<'a> {
    fn all(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.bytes.chunks_exact(4).map(|it| u32::from_le_bytes([it[0], it[1], it[2], it[3]]))
    }

    fn at(&self, index: usize) -> Option<u32> {
        let raw = self.bytes.get(index.checked_mul(4)?..)?.first_chunk()?;
        Some(u32::from_le_bytes(*raw))
    }

    /// Where an address is computed: `adrp` with its page, and soon after it `add` of the rest.
    fn references(&self, target: u64) -> impl Iterator<Item = usize> {
        self.all().enumerate().filter_map(move |(index, word)| {
            let (register, pages) = adrp(word)?;
            let page = self.address.wrapping_add(4 * index as u64) & !0xfff;
            let page = page.wrapping_add_signed(pages << 12);
            let adds = |it| self.at(it).is_some_and(|it| is_add(it, register, target & 0xfff));
            (page == target & !0xfff && (index + 1..=index + APART).any(adds)).then_some(index)
        })
    }

    /// What the comparisons before a block of code are made with: those after which a jump leads to
    /// it, or the one that is jumped over otherwise.
    fn guards(&self, block: usize) -> impl Iterator<Item = u64> {
        // A conditional jump reaches 1 MiB.
        const REACH: usize = 1 << 18;
        let start = block.saturating_sub(REACH);
        let words = self.all().enumerate().skip(start).take(2 * REACH);
        let jumps = words.filter(move |(index, word)| {
            conditional(*word).is_some_and(|(condition, distance)| match condition {
                HIGHER => index.checked_add_signed(distance).is_some_and(|to| {
                    (block.saturating_sub(2)..=block).contains(&to) && to != *index
                }),
                LOWER_OR_SAME => (1..=2).contains(&(block.wrapping_sub(*index))),
                _ => false,
            })
        });
        jumps.filter_map(|(index, _)| self.comparison_before(index))
    }

    /// The number with which the last instruction that sets the flags compares a register.
    fn comparison_before(&self, jump: usize) -> Option<u64> {
        let words = (jump.saturating_sub(APART)..jump).rev().map_while(|it| self.at(it));
        for word in words {
            if let Some(number) = compared(word) {
                return Some(number).filter(|it| SIZES.contains(it));
            }
            if sets_flags(word) || jumps(word) {
                return None;
            }
        }
        None
    }
}

/// The condition of being larger, of numbers without a sign.
const HIGHER: u32 = 0b1000;
const LOWER_OR_SAME: u32 = 0b1001;

/// `adrp`: the register, and the distance in pages.
fn adrp(word: u32) -> Option<(u32, i64)> {
    let is_it = word & 0x9f00_0000 == 0x9000_0000;
    let distance = (word >> 5 & 0x7_ffff) << 2 | (word >> 29 & 3);
    is_it.then_some((word & 0x1f, signed(distance, 21)))
}

/// `add` of a number below 4096 to a register of 64 bits.
fn is_add(word: u32, register: u32, number: u64) -> bool {
    word & 0xffc0_0000 == 0x9100_0000
        && word >> 5 & 0x1f == register
        && u64::from(word >> 10 & 0xfff) == number
}

/// `b.cond`: the condition, and the distance in instructions.
fn conditional(word: u32) -> Option<(u32, isize)> {
    let is_it = word & 0xff00_0010 == 0x5400_0000;
    let distance = isize::try_from(signed(word >> 5 & 0x7_ffff, 19)).ok()?;
    is_it.then_some((word & 0xf, distance))
}

/// `cmp` of a register of 64 bits with a number (`subs` to no register).
fn compared(word: u32) -> Option<u64> {
    let is_it = word & 0xff80_001f == 0xf100_001f;
    let number = u64::from(word >> 10 & 0xfff);
    is_it.then_some(if word & 1 << 22 == 0 { number } else { number << 12 })
}

/// Arithmetic and logic that sets the flags, conditional comparison, comparison of floating-point
/// numbers.
fn sets_flags(word: u32) -> bool {
    let adds_or_subs = word & 0x3f00_0000 == 0x3100_0000 || word & 0x3f00_0000 == 0x2b00_0000;
    let ands = word & 0x7f80_0000 == 0x7200_0000 || word & 0x7f00_0000 == 0x6a00_0000;
    let with_carry_or_condition =
        word & 0x3fc0_0000 == 0x3a40_0000 || word & 0x3fe0_0000 == 0x3a00_0000;
    let floats = word & 0xff20_fc07 == 0x1e20_2000 || word & 0xff20_0c00 == 0x1e20_0400;
    adds_or_subs || ands || with_carry_or_condition || floats
}

/// Any instruction after which another may come than the next: the flags are not known behind it.
fn jumps(word: u32) -> bool {
    word & 0x1c00_0000 == 0x1400_0000
}

/// The number of so many bits, with a sign.
fn signed(value: u32, bits: u32) -> i64 {
    let value = i64::from(value);
    if value >> (bits - 1) & 1 == 1 { value - (1 << bits) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::ElfFacts;
    use crate::fixture::ElfFile;

    const CMP_64K: u32 = 0xf140_401f;
    const CMP_16K: u32 = 0xf140_101f;
    const CMP_4K: u32 = 0xf140_041f;
    const CMP_10: u32 = 0xf100_281f;
    const STORE: u32 = 0xf900_0020;
    const CALL: u32 = 0x9400_0010;
    const RETURN: u32 = 0xd65f_03c0;
    /// `adrp x0, .` and `add x0, x0, #0x500`: data stands at 0x400, and the message 0x100 behind.
    const MESSAGE_TO_X0: [u32; 2] = [0x9000_0000, 0x9114_0000];

    /// `b.cond` over so many instructions.
    fn jump(condition: u32, distance: i32) -> u32 {
        0x5400_0000 | distance.cast_unsigned() << 5 & 0xff_ffe0 | condition
    }

    fn program(platform_name: &str, code: &[u32]) -> ElfFile {
        let mut data: Vec<_> = code.iter().flat_map(|it| it.to_le_bytes()).collect();
        data.resize(0x100, 0);
        data.extend([SPEAKER, MESSAGE].concat());
        ElfFile::of(platform_name).with_data(&data)
    }

    fn jemalloc(file: &ElfFile) -> Option<Jemalloc> {
        ElfFacts::read(&file.bytes()).expect("a header").jemalloc
    }

    #[test]
    fn the_comparison_that_leads_to_the_message_tells_the_size() {
        let [page, rest] = MESSAGE_TO_X0;
        for (compare, size) in [(CMP_4K, 4096), (CMP_16K, 16384), (CMP_64K, 65536)] {
            for (what, code) in [
                ("a jump to it", vec![compare, jump(HIGHER, 2), RETURN, page, rest, CALL]),
                ("a jump over it", vec![compare, jump(LOWER_OR_SAME, 4), page, rest, CALL, RETURN]),
                ("a jump back", vec![page, rest, CALL, RETURN, compare, STORE, jump(HIGHER, -6)]),
                ("something between", vec![compare, jump(HIGHER, 1), page, STORE, rest, CALL]),
            ] {
                let found = jemalloc(&program("linux/arm64", &code));
                assert_eq!(found, Some(Jemalloc::PageSize(size)), "{what}");
            }
        }
    }

    #[test]
    fn what_is_not_sure_is_not_told() {
        let [page, rest] = MESSAGE_TO_X0;
        for (what, code) in [
            ("no code", vec![]),
            ("nothing compared", vec![STORE, jump(HIGHER, 1), page, rest, CALL]),
            ("no size of a page", vec![CMP_10, jump(HIGHER, 1), page, rest, CALL]),
            ("another condition", vec![CMP_4K, jump(0, 1), page, rest, CALL]),
            ("compared before a call", vec![CMP_4K, CALL, jump(HIGHER, 1), page, rest, CALL]),
            ("another register", vec![CMP_4K, jump(HIGHER, 1), page, rest | 1 << 5, CALL]),
            (
                "two sizes",
                vec![CMP_4K, jump(HIGHER, 3), CMP_64K, jump(HIGHER, 1), page, rest, CALL],
            ),
        ] {
            let found = jemalloc(&program("linux/arm64", &code));
            assert_eq!(found, Some(Jemalloc::PageSizeUnknown), "{what}");
        }
    }

    #[test]
    fn only_machines_with_pages_of_several_sizes_count() {
        for name in ["linux/ppc64le", "linux/loong64", "linux/mips64le"] {
            assert_eq!(jemalloc(&program(name, &[])), Some(Jemalloc::PageSizeUnknown), "{name}");
        }
        for name in ["linux/amd64", "linux/386", "linux/riscv64", "linux/s390x"] {
            assert_eq!(jemalloc(&program(name, &[])), None, "{name}");
        }
    }

    #[test]
    fn others_may_quote_the_message() {
        let file = ElfFile::of("linux/arm64");
        assert_eq!(jemalloc(&file.clone().with_data(b"<jemalloc>: Unsupported\n\0")), None);
        assert_eq!(jemalloc(&file.with_data(MESSAGE)), None);
    }

    #[test]
    fn no_byte_is_trusted() {
        let [page, rest] = MESSAGE_TO_X0;
        let code = [CMP_4K, jump(HIGHER, 1), page, rest, CALL];
        crate::elf::testing::mutate(&program("linux/arm64", &code).bytes());
    }
}
