//! What keeps a fuzzer out of a tar: the checksum of each header.

const BLOCK: usize = 512;
const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// Makes the checksums right, as far as the headers lead to one another.
pub fn mend(tar: &mut [u8]) {
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..).and_then(|it| it.get_mut(..BLOCK)) {
        at += BLOCK;
        if header.iter().all(|it| *it == 0) {
            continue;
        }
        header[CHECKSUM].fill(b' ');
        let sum: u32 = header.iter().map(|it| u32::from(*it)).sum();
        header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let digits = std::str::from_utf8(&header[SIZE]).unwrap_or_default();
        let size = usize::from_str_radix(digits.trim_matches([' ', '\0']), 8).unwrap_or_default();
        at = at.saturating_add(size.next_multiple_of(BLOCK));
    }
}
