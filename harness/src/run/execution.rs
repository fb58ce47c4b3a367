//! What executes a program: the host's processor or an emulator.

use crate::elf::{Class, ElfFacts, Machine};
use crate::evidence::run::Execution;
use crate::platform::{Architecture, Platform};

/// Tells by the program's own bytes, for so does the kernel: an amd64 program in an arm64 image
/// runs natively on an amd64 host, without a word.
#[must_use]
pub fn execution(host: Platform, program: &ElfFacts) -> Execution {
    if program.target() == host.elf_target() {
        return Execution::Native;
    }
    match (host.architecture(), program.machine, program.class) {
        (Architecture::Amd64(_), Machine::I386, _)
        | (Architecture::Amd64(_), Machine::X86_64, Class::Elf32)
        | (Architecture::Arm64(_), Machine::ARM, _) => Execution::Unknown,
        _ => Execution::Emulated,
    }
}
