//! How QEMU says that it is at fault itself.

/// What QEMU says when it is at fault itself, and no program does.
///
/// Source: QEMU, `linux-user/signal.c` ("QEMU internal"), `cpu-target.c` and `target/s390x/cpu_models.c`
/// (CPU models), `qom/qom-qmp-cmds.c` and `hw/core/cpu-user.c` (their features),
/// `linux-user/syscall.c` (system calls), `linux-user/*/cpu_loop.c` (exceptions), `tcg/region.c` (memory).
const FAULTS: [&str; 9] = [
    "QEMU internal SIG",
    "unable to find CPU model",
    "Some features requested in the CPU model are not available",
    "can't apply global ",
    "Expected key=value format",
    "qemu: unhandled CPU exception",
    "qemu: fatal:",
    "Unsupported syscall:",
    "bytes for jit buffer:",
];
/// How a failed assertion is told, by `GLib` or the C library, with a file of QEMU's sources. Whether
/// `../` stands before that, and under which name the emulator ran, depends on how it was built.
const ASSERTIONS: [&str; 3] = ["ERROR:", ": Assertion `", "code should not be reached"];
const SOURCES: [&str; 4] = ["accel/tcg/", "linux-user/", "target/", "tcg/tcg"];

/// Whether a line that a program under QEMU printed is QEMU's own word for a fault of its own.
#[must_use]
pub fn is_own_fault(line: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|it| line.contains(it));
    has(&FAULTS) || has(&ASSERTIONS) && has(&SOURCES)
}
