//! For the tests of the readers.

use super::ElfFacts;

/// Reads a file with each byte changed, and cut off at each. The bytes come from strangers: nothing
/// that they hold may end the program, or keep it busy.
pub(super) fn mutate(whole: &[u8]) {
    for at in 0..whole.len() {
        for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.to_owned();
            bytes[at] = value;
            let _ = ElfFacts::read(&bytes);
        }
        let _ = ElfFacts::read(&whole[..at]);
    }
}
