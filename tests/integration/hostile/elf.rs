//! ELF files of 64 bits, little-endian, that say anything.

/// A file in the making: a header, then program headers, then data.
#[derive(Clone, Default)]
pub(crate) struct Elf {
    segments: Vec<[u64; 6]>,
    data: Vec<u8>,
    count: Option<u16>,
    machine: u16,
}

pub(crate) const PT_LOAD: u64 = 1;
pub(crate) const PT_DYNAMIC: u64 = 2;
pub(crate) const PT_INTERP: u64 = 3;
pub(crate) const PT_NOTE: u64 = 4;
pub(crate) const X86_64: u16 = 62;
pub(crate) const AARCH64: u16 = 183;
const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const ET_DYN: u16 = 3;

impl Elf {
    pub(crate) fn new(machine: u16) -> Self {
        Self { machine, ..Self::default() }
    }

    /// A segment: its type, offset, address, and sizes in the file and in memory.
    pub(crate) fn segment(mut self, kind: u64, offset: u64, address: u64, size: u64) -> Self {
        self.segments.push([kind, offset, address, size, size, 4]);
        self
    }

    /// As many program headers as the header says, whatever there are.
    pub(crate) fn says(self, count: u16) -> Self {
        Self { count: Some(count), ..self }
    }

    pub(crate) fn data(self, data: Vec<u8>) -> Self {
        Self { data, ..self }
    }

    /// Where data begins once all segments are there.
    pub(crate) const fn start(segments: usize) -> u64 {
        (HEADER + segments * PROGRAM_HEADER) as u64
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        file.extend(ET_DYN.to_le_bytes());
        file.extend(self.machine.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend([0; 8]);
        file.extend((HEADER as u64).to_le_bytes());
        file.extend([0; 12]);
        let count = self.count.unwrap_or(u16::try_from(self.segments.len()).expect("few"));
        for field in [64, 56, count, 64, 0, 0] {
            file.extend(field.to_le_bytes());
        }
        for [kind, offset, address, size, memory, flags] in &self.segments {
            file.extend(&kind.to_le_bytes()[..4]);
            file.extend(&flags.to_le_bytes()[..4]);
            for field in [offset, address, address, size, memory, &0x1000] {
                file.extend(field.to_le_bytes());
            }
        }
        file.extend(&self.data);
        file
    }
}

/// A program or shared object that needs others, loaded at 0.
pub(crate) fn linked(interpreter: &str, soname: &str, needed: &[String]) -> Vec<u8> {
    let segments = if interpreter.is_empty() { 2 } else { 3 };
    let start = Elf::start(segments);
    let mut strings = vec![0_u8];
    let mut name = |text: &str| {
        let at = strings.len() as u64;
        strings.extend(text.as_bytes());
        strings.push(0);
        at
    };
    let interpreter_at = name(interpreter);
    let mut entries: Vec<(u64, u64)> = needed.iter().map(|it| (1, name(it))).collect();
    if !soname.is_empty() {
        entries.push((14, name(soname)));
    }
    // DT_STRTAB, DT_STRSZ, DT_NULL.
    entries.extend([(5, start), (10, strings.len() as u64), (0, 0)]);
    let dynamic: Vec<u8> =
        entries.iter().flat_map(|it| [it.0.to_le_bytes(), it.1.to_le_bytes()].concat()).collect();
    let (at, size) = (start + strings.len() as u64, 16 * entries.len() as u64);
    let mut elf =
        Elf::new(X86_64).segment(PT_LOAD, 0, 0, at + size).segment(PT_DYNAMIC, at, at, size);
    if !interpreter.is_empty() {
        let size = interpreter.len() as u64 + 1;
        elf = elf.segment(PT_INTERP, start + interpreter_at, start + interpreter_at, size);
    }
    elf.data([strings, dynamic].concat()).bytes()
}
