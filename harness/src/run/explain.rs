//! What the end of a run means, by what else is known.

use super::evidence::{Execution, Output, RunEnd};
use super::start::{MachineFit, Start};
use crate::platform::Platform;

/// What QEMU says when it is at fault itself, and no program does.
///
/// Source: QEMU, `linux-user/signal.c` ("QEMU internal"), `cpu-target.c` and `target/s390x/cpu_models.c`
/// (CPU models), `GLib`'s `g_assertion_message`.
const FAULTS: [&str; 6] = [
    "QEMU internal SIG",
    "unable to find CPU model",
    "Some features requested in the CPU model are not available",
    "ERROR:../accel/",
    "ERROR:../linux-user/",
    "ERROR:../target/",
];

/// What an emulator's own fault hides, and what it means that the kernel found nobody to execute a
/// program. The container's init reports the latter in one line; the program itself never ran, so
/// nothing else can be on its standard error.
pub(super) fn explain(end: RunEnd, start: &Start, execution: Execution, stderr: &Output) -> RunEnd {
    // What keeps a program of the wrong machine from running is that.
    if start.machine == MachineFit::Wrong || execution == Execution::Native || !is_failure(&end) {
        return end;
    }
    let mut lines = stderr.text.lines();
    if let Some(line) = lines.find(|line| FAULTS.iter().any(|it| line.contains(it))) {
        return RunEnd::EmulatorFault { message: line.to_owned() };
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
            rest.strip_prefix(program).is_some_and(|it| it.starts_with(" failed: "))
        });
    by_runtime || by_init
}

fn is_failure(end: &RunEnd) -> bool {
    match end {
        RunEnd::Exited { code } => *code != 0,
        RunEnd::Signalled { .. } => true,
        _ => false,
    }
}

fn remedy(platform: Platform) -> String {
    format!(
        "the engine's host cannot execute {platform} programs: register QEMU there, for example with \
         `docker run --privileged --rm tonistiigi/binfmt --install {}`",
        platform.architecture_name(),
    )
}
