//! What the end of a run means, by what else is known.

use super::start::{MachineFit, Start};
use crate::elf::Class;
use crate::emulator::is_own_fault;
use crate::evidence::run::{Execution, Output, RunEnd};
use crate::machine::with_advice;
use crate::platform::Platform;

/// What programs say, in the C library's words for `ENOSYS`, of a system call that is not there; Go
/// and libuv begin with a small letter. Every kernel has those that programs cannot do without; QEMU
/// lacks some, such as `ptrace`.
const NOT_IMPLEMENTED: &str = "unction not implemented";
/// What glibc says on 32-bit machines of a call with a 64-bit time that succeeded, where an earlier call had failed
/// with `ENOSYS`: QEMU lacks `clone3`, so this follows `posix_spawn`. Other programs meet 64-bit numbers of the host's
/// files so.
///
/// Sources: glibc, `sysdeps/unix/sysv/linux/ppoll.c` and `spawni.c`; QEMU, issue 263.
const TOO_LARGE: &str = "Value too large for defined data type";
/// What a program failed of stands in the last lines of what it said.
const LAST_LINES: usize = 5;

/// What an emulator's own fault hides, and what it means that the kernel found nobody to execute a
/// program. The container's init reports the latter in one line; the program itself never ran, so
/// nothing else can be on its standard error.
pub(super) fn explain(end: RunEnd, start: &Start, execution: Execution, stderr: &Output) -> RunEnd {
    // What keeps a program of the wrong machine from running is that.
    let is_wrong = start.machine == MachineFit::Wrong;
    if is_wrong || execution == Execution::Native || !end.is_failure() {
        return end;
    }
    let mut lines = stderr.text.lines();
    let mut last = stderr.text.lines().rev().take(LAST_LINES);
    let fault = lines.find(|line| is_own_fault(line));
    let is_small = start.platform.elf_target().class == Class::Elf32;
    let is_lack =
        |line: &&str| line.contains(NOT_IMPLEMENTED) || is_small && line.contains(TOO_LARGE);
    if let Some(line) = fault.or_else(|| last.find(is_lack)) {
        return RunEnd::EmulatorFault { message: with_advice(line) };
    }
    if is_refused(stderr.text.trim(), start.command.program()) {
        return RunEnd::EmulatorMissing { remedy: remedy(start.platform) };
    }
    end
}

/// Whether the kernel refused to execute a program, in the words of the container's runtime, or of
/// the engine's init, which tries the image's shell next.
fn is_refused(said: &str, program: &str) -> bool {
    let by_runtime = said.starts_with("exec ") && said.ends_with(": exec format error");
    let by_init = said.starts_with("[FATAL tini (")
        && said.split_once("] exec ").is_some_and(|(_, rest)| {
            let why = rest.strip_prefix(program).and_then(|it| it.strip_prefix(" failed: "));
            why.is_some_and(|it| matches!(it, "Exec format error" | "No such file or directory"))
        });
    by_runtime || by_init
}

fn remedy(platform: Platform) -> String {
    format!(
        "the engine's host cannot execute {platform} programs: register QEMU there, for example with \
         `docker run --privileged --rm tonistiigi/binfmt --install {}`",
        platform.architecture_name(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::image::{EntryNumber, ImagePath, RootFs};
    use crate::evidence::run::Extent;
    use crate::launch::{Account, Command};
    use crate::oci::Digest;
    use crate::run::start::Directness;

    fn start(machine: MachineFit) -> Start {
        let path = ImagePath::clean("/tool");
        Start {
            entry: EntryNumber::default(),
            platform: "linux/arm64".parse().expect("a platform"),
            manifest: Digest::of(b"manifest"),
            config: Digest::of(b"config"),
            own: Vec::new(),
            account: Account::ROOT,
            command: Command { words: vec!["/tool".to_owned(), "--help".to_owned()] },
            instead: None,
            entrypoint: path.clone(),
            files: RootFs::default(),
            program: path,
            called: "/tool".to_owned(),
            directness: Directness::Direct,
            fixed: Vec::new(),
            machine,
            execution: Execution::Emulated,
        }
    }

    fn explained(code: i64, stderr: &str, execution: Execution, machine: MachineFit) -> RunEnd {
        let stderr = Output::new(stderr.as_bytes(), Extent::Whole);
        explain(RunEnd::Exited { code }, &start(machine), execution, &stderr)
    }

    fn emulated(code: i64, stderr: &str) -> RunEnd {
        explained(code, stderr, Execution::Emulated, MachineFit::Right)
    }

    const FAULT: &str = "QEMU internal SIGSEGV {code=MAPERR, addr=0x20}";

    #[test]
    fn what_is_the_emulator_s_fault_is_not_the_program_s() {
        for line in [
            FAULT,
            "qemu-aarch64: unable to find CPU model 'cortex-a99'",
            "qemu: unhandled CPU exception 0x10003 - aborting",
            "Unsupported syscall: 435",
            "qemu-arm: can't apply global max-arm-cpu.sev=off: Property 'max-arm-cpu.sev' not found",
            "ERROR:../accel/tcg/cpu-exec.c:1008:cpu_exec_setjmp: assertion failed: (cpu == current_cpu)",
            "ERROR:accel/tcg/cpu-exec.c:1008:cpu_exec_setjmp: assertion failed: (cpu == current_cpu)",
            "qemu-aarch64: ../linux-user/mmap.c:1: mmap: Assertion `start' failed.",
            "7: ../../target/arm/helper.c:1: helper: Assertion `el' failed.",
            "strace: ptrace(PTRACE_TRACEME, ...): Function not implemented",
            "fork/exec /proc/self/exe: function not implemented",
        ] {
            let end = emulated(1, &format!("before\n{line}\nafter\n"));
            assert_eq!(end, RunEnd::EmulatorFault { message: line.to_owned() });
        }
    }

    #[test]
    fn numbers_that_are_too_large_for_32_bits_are_the_emulator_s() {
        let said = "s6-svscan: warning: unable to iopause: Value too large for defined data type\n";
        let on = |platform: &str, execution| {
            let platform = platform.parse().expect("a platform");
            let start = Start { platform, ..start(MachineFit::Right) };
            let stderr = Output::new(said.as_bytes(), Extent::Whole);
            explain(RunEnd::Exited { code: 127 }, &start, execution, &stderr)
        };
        let fault = RunEnd::EmulatorFault { message: said.trim().to_owned() };
        assert_eq!(on("linux/arm/v7", Execution::Emulated), fault);
        let own = RunEnd::Exited { code: 127 };
        assert_eq!(on("linux/arm/v7", Execution::Native), own);
        assert_eq!(on("linux/arm64", Execution::Emulated), own);
    }

    #[test]
    fn what_is_the_program_s_fault_stays_its_own() {
        let exited = |code| RunEnd::Exited { code };
        assert_eq!(emulated(0, FAULT), exited(0), "it went well");
        assert_eq!(emulated(1, "Not implemented"), exited(1));
        assert_eq!(emulated(1, "assertion failed: (a == b)"), exited(1));
        assert_eq!(emulated(1, "ERROR:src/tool.c:7:main: assertion failed"), exited(1));
        let early = "io_uring: Function not implemented\n1\n2\n3\n4\nno such table\n";
        assert_eq!(emulated(1, early), exited(1), "it went on for long");
        assert_eq!(emulated(2, "qemu: uncaught target signal 11 (Segmentation fault)"), exited(2));
        let native = explained(1, FAULT, Execution::Native, MachineFit::Right);
        assert_eq!(native, exited(1), "nobody emulated it");
        let wrong = explained(255, FAULT, Execution::Emulated, MachineFit::Wrong);
        assert_eq!(wrong, exited(255), "another machine's program is just that");
    }

    #[test]
    fn a_program_that_nobody_executes_wants_an_emulator() {
        let is_missing = |stderr| matches!(emulated(255, stderr), RunEnd::EmulatorMissing { .. });
        assert!(is_missing("exec /tool: exec format error\n"));
        assert!(is_missing("[FATAL tini (7)] exec /tool failed: Exec format error\n"));
        assert!(is_missing("[FATAL tini (7)] exec /tool failed: No such file or directory\n"));
        assert!(!is_missing("[FATAL tini (7)] exec /missing failed: No such file or directory\n"));
        assert!(!is_missing("[FATAL tini (7)] exec /tool failed: Operation not permitted\n"));
        assert!(!is_missing("/tool: line 1: exec: /missing: not found\n"));
    }
}
