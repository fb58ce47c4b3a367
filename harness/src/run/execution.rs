//! What executes a program: the host's processor or an emulator.

use crate::elf::ElfFacts;
use crate::evidence::run::Execution;
use crate::platform::Platform;

/// Tells by the program's own bytes, for so does the kernel: an amd64 program in an arm64 image
/// runs natively on an amd64 host, without a word.
#[must_use]
pub fn execution(host: Platform, program: &ElfFacts) -> Execution {
    if program.target() == host.elf_target() {
        Execution::Native
    } else if host.facts().may_execute_also(program.target()) {
        Execution::Unknown
    } else {
        Execution::Emulated
    }
}
