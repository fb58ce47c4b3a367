//! A program that is executed in place of files that must not be: it tells the path to whoever
//! listens inside the sandbox, waits for the answer, and ends with 126, as a shell does for what it
//! finds and cannot execute.
//!
//! It is made here, byte by byte, for it has to start without libraries in any image. It does:
//!
//! ```text
//! fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)
//! connect(fd, "\0archproof")
//! write(fd, argv[1])
//! read(fd, a byte)
//! exit_group(126)
//! ```
//!
//! Where it cannot tell, for a program may leave it no descriptor to tell with, it waits: whoever
//! watches over the sandbox sees from which file it was executed, and with which arguments.
//!
//! Source: System V gABI, chapters 4 and 5; psABI of x86-64 (3.4.1, "Initial Stack") and of `AArch64`;
//! the kernel's system call tables.

use super::handler::Mark;
use super::minimal::minimal_program;
use crate::arch::Architecture;
use crate::platform::Platform;

/// The abstract name that it connects to, without the leading NUL.
pub const TRAP_NAME: &[u8] = b"archproof";
/// `sockaddr_un` of [`TRAP_NAME`] on a little-endian machine stands behind the code.
const ADDRESS: &[u8] = b"\x01\0\0archproof";

/// Assembled from:
///
/// ```text
/// mov rbx,[rsp+16]; mov edi,1; mov esi,0x80005; xor edx,edx; mov eax,41; syscall
/// test eax,eax; js wait
/// mov ebp,eax; mov edi,ebp; lea rsi,[rip+address]; mov edx,12; mov eax,42; syscall
/// test eax,eax; js wait
/// or rdx,-1
/// more: inc rdx; cmp byte ptr [rbx+rdx],0; jne more
/// mov edi,ebp; mov rsi,rbx; mov eax,1; syscall
/// test rax,rax; js wait
/// mov edi,ebp; mov rsi,rsp; mov edx,1; xor eax,eax; syscall
/// mov edi,126; mov eax,231; syscall
/// wait: mov eax,34; syscall; jmp wait
/// ```
const X86_64: &[u8] =
    b"\x48\x8b\x5c\x24\x10\xbf\x01\0\0\0\xbe\x05\0\x08\0\x31\xd2\xb8\x29\0\0\0\x0f\x05\
    \x85\xc0\x78\x53\
    \x89\xc5\x89\xef\x48\x8d\x35\x51\0\0\0\xba\x0c\0\0\0\xb8\x2a\0\0\0\x0f\x05\
    \x85\xc0\x78\x38\
    \x48\x83\xca\xff\x48\xff\xc2\x80\x3c\x13\0\x75\xf7\
    \x89\xef\x48\x89\xde\xb8\x01\0\0\0\x0f\x05\
    \x48\x85\xc0\x78\x1a\
    \x89\xef\x48\x89\xe6\xba\x01\0\0\0\x31\xc0\x0f\x05\
    \xbf\x7e\0\0\0\xb8\xe7\0\0\0\x0f\x05\
    \xb8\x22\0\0\0\x0f\x05\xeb\xf7";

/// Assembled from:
///
/// ```text
/// ldr x20,[sp,#16]; mov x0,#1; mov w1,#5; movk w1,#8,lsl #16; mov x2,#0; mov x8,#198; svc #0
/// tbnz w0,#31,wait
/// mov x21,x0; adr x1,address; mov x2,#12; mov x8,#203; svc #0
/// tbnz w0,#31,wait
/// mov x2,#-1
/// more: add x2,x2,#1; ldrb w3,[x20,x2]; cbnz w3,more
/// mov x0,x21; mov x1,x20; mov x8,#64; svc #0
/// tbnz x0,#63,wait
/// mov x0,x21; mov x1,sp; mov x2,#1; mov x8,#63; svc #0
/// mov x0,#126; mov x8,#94; svc #0
/// wait: mov x0,#0; mov x1,#0; mov x2,#0; mov x3,#0; mov x8,#73; svc #0; b wait
/// ```
const AARCH64: [u32; 38] = [
    0xf940_0bf4,
    0xd280_0020,
    0x5280_00a1,
    0x72a0_0101,
    0xd280_0002,
    0xd280_18c8,
    0xd400_0001,
    0x37f8_0300,
    0xaa00_03f5,
    0x1000_03a1,
    0xd280_0182,
    0xd280_1968,
    0xd400_0001,
    0x37f8_0240,
    0x9280_0002,
    0x9100_0442,
    0x3862_6a83,
    0x35ff_ffc3,
    0xaa15_03e0,
    0xaa14_03e1,
    0xd280_0808,
    0xd400_0001,
    0xb7f8_0120,
    0xaa15_03e0,
    0x9100_03e1,
    0xd280_0022,
    0xd280_07e8,
    0xd400_0001,
    0xd280_0fc0,
    0xd280_0bc8,
    0xd400_0001,
    0xd280_0000,
    0xd280_0001,
    0xd280_0002,
    0xd280_0003,
    0xd280_0928,
    0xd400_0001,
    0x17ff_fffa,
];

/// The program, for a host and with a mark. `None` on hosts for which nobody has written it.
#[must_use]
pub fn stub_interpreter(host: Platform, mark: Mark) -> Option<Vec<u8>> {
    let code = match host.architecture() {
        Architecture::Amd64(_) => X86_64.to_vec(),
        Architecture::Arm64(_) => AARCH64.iter().flat_map(|it| it.to_le_bytes()).collect(),
        _ => return None,
    };
    Some(minimal_program(host, mark, &[&code, ADDRESS].concat()))
}
