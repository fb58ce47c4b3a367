//! The smallest programs that a kernel executes: an ELF header, one program header, the code.

/// A machine, as the ELF header says it.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    /// Whether addresses have 64 bits.
    wide: bool,
    /// Whether the highest byte comes first.
    big: bool,
    number: u16,
    flags: u32,
}

impl Machine {
    /// By an image's name for it.
    pub(crate) fn of(architecture: &str) -> Self {
        let (wide, big, number, flags) = match architecture {
            "386" => (false, false, 3, 0),
            "amd64" => (true, false, 62, 0),
            "arm" => (false, false, 40, 0x0500_0000),
            "arm64" => (true, false, 183, 0),
            "mips64" => (true, true, 8, 0),
            "ppc64le" => (true, false, 21, 2),
            "riscv64" => (true, false, 243, 5),
            other => panic!("no program is made for {other}"),
        };
        Self { wide, big, number, flags }
    }

    fn write(self, file: &mut Vec<u8>, size: usize, value: u64) {
        let bytes = value.to_be_bytes();
        let mut bytes = bytes[bytes.len() - size..].to_vec();
        if !self.big {
            bytes.reverse();
        }
        file.extend(bytes);
    }

    /// A static program of this code.
    pub(crate) fn program(self, code: &[u8]) -> Vec<u8> {
        const BASE: u64 = 0x1_0000;
        let (word, header, segment) = if self.wide { (8, 64, 56) } else { (4, 52, 32) };
        let size = header + segment + code.len() as u64;
        let mut file = b"\x7fELF".to_vec();
        file.extend([u8::from(self.wide) + 1, u8::from(self.big) + 1, 1]);
        file.resize(16, 0);
        let mut put = |size, values: &[u64]| {
            for value in values {
                self.write(&mut file, size, *value);
            }
        };
        put(2, &[2, self.number.into()]); // ET_EXEC
        put(4, &[1]);
        put(word, &[BASE + header + segment, header, 0]);
        put(4, &[self.flags.into()]);
        put(2, &[header, segment, 1, 0, 0, 0]);
        put(4, &[1]); // PT_LOAD
        if self.wide {
            put(4, &[5]); // readable and executable
        }
        put(word, &[0, BASE, BASE, size, size]);
        if !self.wide {
            put(4, &[5]);
        }
        put(word, &[BASE]);
        file.extend(code);
        file
    }
}
