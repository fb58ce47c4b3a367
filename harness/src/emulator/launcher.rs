//! The code that an emulator's copy begins with: it decides how the emulator emulates, whatever the
//! program that is emulated would like.
//!
//! Emulators take their settings from the environment, which is the program's to change, and every
//! child of it has the changed one. A `binfmt_misc` handler cannot give an emulator arguments. So each
//! copy begins with this code instead of its own, and goes on there. It:
//!
//! 1. empties every environment variable whose name begins with `QEMU_` (QEMU drops what has no `=`),
//! 2. makes the process dumpable again: the kernel made it undumpable, for nobody may read its file,
//!    and its own files in `/proc` would be root's,
//! 3. ends with 126 if the program's path begins with `-`, which QEMU would take for an option,
//! 4. puts the arguments that it carries before those that the kernel gave.
//!
//! Source: psABI of x86-64 (3.4.1, "Initial Stack") and of `AArch64`; Linux, `fs/binfmt_misc.c`
//! (`load_misc_binary`) for the order of the arguments; QEMU, `linux-user/main.c` (`parse_args`).

use crate::arch::Architecture;
use crate::platform::Platform;

/// Assembled from:
///
/// ```text
/// mov rcx,[rsp]; lea rsi,[rsp+rcx*8+16]
/// next: mov rdi,[rsi]; add rsi,8; test rdi,rdi; jz scrubbed
/// cmp dword ptr [rdi],0x554d4551; jne next; cmp byte ptr [rdi+4],0x5f; jne next
/// mov byte ptr [rdi],0; jmp next
/// scrubbed: mov edi,4; mov esi,1; mov eax,157; syscall
/// mov rdi,[rsp+16]; test rdi,rdi; jz refuse; cmp byte ptr [rdi],0x2d; jne go
/// refuse: mov edi,126; mov eax,231; syscall
/// go: pop rcx; pop rbx
/// ```
///
/// `rdx` stays as it is: the program's own start looks at it.
const X86_64: &[u8] = b"\x48\x8b\x0c\x24\x48\x8d\x74\xcc\x10\
    \x48\x8b\x3e\x48\x83\xc6\x08\x48\x85\xff\x74\x13\
    \x81\x3f\x51\x45\x4d\x55\x75\xec\x80\x7f\x04\x5f\x75\xe6\xc6\x07\0\xeb\xe1\
    \xbf\x04\0\0\0\xbe\x01\0\0\0\xb8\x9d\0\0\0\x0f\x05\
    \x48\x8b\x7c\x24\x10\x48\x85\xff\x74\x05\x80\x3f\x2d\x75\x0c\
    \xbf\x7e\0\0\0\xb8\xe7\0\0\0\x0f\x05\
    \x59\x5b";

/// Assembled from:
///
/// ```text
/// ldr x1,[sp]; add x2,sp,x1,lsl #3; add x2,x2,#16; mov w5,#0x4551; movk w5,#0x554d,lsl #16
/// next: ldr x3,[x2],#8; cbz x3,scrubbed
/// ldr w4,[x3]; cmp w4,w5; b.ne next; ldrb w4,[x3,#4]; cmp w4,#0x5f; b.ne next
/// strb wzr,[x3]; b next
/// scrubbed: mov x0,#4; mov x1,#1; mov x8,#167; svc #0
/// ldr x1,[sp,#16]; cbz x1,refuse; ldrb w2,[x1]; cmp w2,#0x2d; b.ne go
/// refuse: mov x0,#126; mov x8,#94; svc #0
/// go: ldr x1,[sp]; ldr x2,[sp,#8]
/// ```
const AARCH64: [u32; 29] = [
    0xf940_03e1,
    0x8b21_6fe2,
    0x9100_4042,
    0x5288_aa25,
    0x72aa_a9a5,
    0xf840_8443,
    0xb400_0123,
    0xb940_0064,
    0x6b05_009f,
    0x54ff_ff81,
    0x3940_1064,
    0x7101_7c9f,
    0x54ff_ff21,
    0x3900_007f,
    0x17ff_fff7,
    0xd280_0080,
    0xd280_0021,
    0xd280_14e8,
    0xd400_0001,
    0xf940_0be1,
    0xb400_0081,
    0x3940_0022,
    0x7100_b45f,
    0x5400_0081,
    0xd280_0fc0,
    0xd280_0bc8,
    0xd400_0001,
    0xf940_03e1,
    0xf940_07e2,
];

/// Two words of a command line. The stack of a process is aligned to two words, so arguments go in
/// pairs.
pub type ArgumentPair = [String; 2];

/// The code and the texts of the arguments behind it, for a host. `None` on hosts for which nobody
/// has written it. `to_entry` is the distance in bytes from the code's first byte to where it goes on.
pub(super) fn launcher(
    host: Platform,
    arguments: &[ArgumentPair],
    to_entry: i32,
) -> Option<Vec<u8>> {
    let words: Vec<&str> = arguments.iter().flatten().map(String::as_str).collect();
    let mut code = match host.architecture() {
        Architecture::Amd64(_) => x86_64(&words, to_entry),
        Architecture::Arm64(_) => aarch64(&words, to_entry),
        _ => return None,
    };
    for word in words {
        code.extend(word.bytes());
        code.push(0);
    }
    Some(code)
}

/// Where each text begins, counted from the end of the code.
fn offsets(words: &[&str]) -> Vec<i32> {
    let after = |at: &mut i32, word: &&str| {
        let begin = *at;
        *at += number(word.len()) + 1;
        Some(begin)
    };
    words.iter().scan(0, after).collect()
}

/// Texts and code are short.
fn number(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// `lea rax,[rip+text]; push rax` for each text, the last first; then `push rbx; add rcx,COUNT; push
/// rcx; jmp entry`.
fn x86_64(words: &[&str], to_entry: i32) -> Vec<u8> {
    const LEA: i32 = 7;
    const PUSH: i32 = 1;
    const TAIL: i32 = 1 + 7 + 1 + 5;
    let mut code = X86_64.to_vec();
    let end = number(code.len()) + number(words.len()) * (LEA + PUSH) + TAIL;
    for offset in offsets(words).into_iter().rev() {
        let next = number(code.len()) + LEA;
        code.extend(b"\x48\x8d\x05");
        code.extend((end + offset - next).to_le_bytes());
        code.push(0x50);
    }
    code.push(0x53);
    code.extend(b"\x48\x81\xc1");
    code.extend(number(words.len()).to_le_bytes());
    code.push(0x51);
    code.push(0xe9);
    code.extend((to_entry - end).to_le_bytes());
    code
}

/// `sub sp,sp,#8*COUNT; add x1,x1,#COUNT; str x1,[sp]; str x2,[sp,#8]`, `adr x3,text; str x3,[sp,#…]`
/// for each text; then `mov x0,#0; b entry`.
fn aarch64(words: &[&str], to_entry: i32) -> Vec<u8> {
    const INSTRUCTION: i32 = 4;
    let count = u32::try_from(words.len()).unwrap_or_default();
    let mut code = AARCH64.to_vec();
    code.extend([0xd100_03ff | (8 * count) << 10, 0x9100_0021 | count << 10]);
    code.extend([0xf900_03e1, 0xf900_07e2]);
    let end = (number(code.len() + 2 * words.len()) + 2) * INSTRUCTION;
    for (slot, offset) in (2..).zip(offsets(words)) {
        let distance = (end + offset - number(code.len()) * INSTRUCTION).cast_unsigned();
        code.push(0x1000_0003 | (distance & 3) << 29 | ((distance >> 2) & 0x7_ffff) << 5);
        code.push(0xf900_03e3 | slot << 10);
    }
    code.push(0xd280_0000);
    let distance = (to_entry - number(code.len()) * INSTRUCTION) / INSTRUCTION;
    code.push(0x1400_0000 | distance.cast_unsigned() & 0x3ff_ffff);
    code.iter().flat_map(|it| it.to_le_bytes()).collect()
}
