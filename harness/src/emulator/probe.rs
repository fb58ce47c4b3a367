//! Programs that do nothing but end with a status that nothing else has, to see whether a machine's
//! programs run at all.

use super::handler::Mark;
use super::minimal::minimal_program;
use crate::platform::{Architecture, Platform};

/// The status that a probe ends with.
pub const PROBED: i64 = 42;

/// A program of a platform that ends with [`PROBED`]. It needs the oldest processor there is.
///
/// Source: the psABIs' system call conventions, `syscall(2)`.
#[must_use]
pub fn probe(platform: Platform) -> Vec<u8> {
    let code: &[u8] = match platform.architecture() {
        // mov ebx, 42; mov eax, 1; int 0x80
        Architecture::I386 => b"\xbb\x2a\0\0\0\xb8\x01\0\0\0\xcd\x80",
        // mov edi, 42; mov eax, 60; syscall
        Architecture::Amd64(_) => b"\xbf\x2a\0\0\0\xb8\x3c\0\0\0\x0f\x05",
        // mov r0, 42; mov r7, 1; svc 0
        Architecture::Arm(_) => b"\x2a\0\xa0\xe3\x01\x70\xa0\xe3\0\0\0\xef",
        // mov x0, 42; mov x8, 93; svc 0
        Architecture::Arm64(_) => b"\x40\x05\x80\xd2\xa8\x0b\x80\xd2\x01\0\0\xd4",
        // ori a0, zero, 42; ori a7, zero, 93; syscall 0
        Architecture::Loong64 => b"\x04\xa8\x80\x03\x0b\x74\x81\x03\0\0\x2b\0",
        // li a0, 42; li v0, 5058; syscall
        Architecture::Mips64 => b"\x24\x04\0\x2a\x24\x02\x13\xc2\0\0\0\x0c",
        Architecture::Mips64le => b"\x2a\0\x04\x24\xc2\x13\x02\x24\x0c\0\0\0",
        // li r3, 42; li r0, 1; sc
        Architecture::Ppc64 => b"\x38\x60\0\x2a\x38\0\0\x01\x44\0\0\x02",
        Architecture::Ppc64le => b"\x2a\0\x60\x38\x01\0\0\x38\x02\0\0\x44",
        // li a0, 42; li a7, 93; ecall
        Architecture::Riscv64 => b"\x13\x05\xa0\x02\x93\x08\xd0\x05\x73\0\0\0",
        // lghi r2, 42; svc 1; nopr
        Architecture::S390x => b"\xa7\x29\0\x2a\x0a\x01\x07\x07",
    };
    minimal_program(platform, Mark::NONE, code)
}
