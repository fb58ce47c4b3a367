//! A file that begins as ELF does.

use archproof::elf::{ElfFacts, MAGIC};

/// The facts may take so many times the memory of the file, beside what every file's facts take:
/// an entry of the file's tables has at least 8 bytes, what is kept of it at most 64 and its name.
const GROWTH: usize = 16;

/// Reads the bytes, which need not begin with the magic.
pub fn run(data: &[u8]) {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(data.strip_prefix(MAGIC.as_slice()).unwrap_or(data));
    let Ok(facts) = ElfFacts::read(&bytes) else { return };
    let (size, limit) = (facts.size_in_memory(), size_of::<ElfFacts>() + GROWTH * bytes.len());
    assert!(size <= limit, "{size} bytes of facts of a file of {}", bytes.len());
    let json = serde_json::to_vec(&facts).expect("facts are always written");
    let again: ElfFacts = serde_json::from_slice(&json).expect("what was written can be read");
    assert_eq!(again, facts);
}
