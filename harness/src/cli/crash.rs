//! Whatever happens inside, the process ends with status 2 and one line that says why: of a panic, an
//! abort, a fatal signal, memory or threads that the system does not give, or processor time that is
//! used up.

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{PanicHookInfo, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libc::{c_int, c_void};

/// Where bugs are reported.
const REPORT: &str = concat!(
    "this is a bug in archproof, please report it at ",
    env!("CARGO_PKG_REPOSITORY"),
    "/issues"
);
/// The exit status of everything that could not be verified.
const UNVERIFIED: c_int = 2;
/// Signals that end a process for a fault of its own.
const FATAL: [(c_int, &str); 7] = [
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGSYS, "SIGSYS"),
    (libc::SIGTRAP, "SIGTRAP"),
];
/// So much before the limit of processor time the process ends itself: at the limit the kernel may
/// kill it without a word.
const CPU_MARGIN: Duration = Duration::from_millis(100);
/// Of allocations of less, in bytes, that fail, nothing can go on. Larger ones may be asked for by
/// who knows what to do without.
const SMALL: usize = 1 << 20;

static PANICKED: AtomicBool = AtomicBool::new(false);

/// Installs all of it. To be called once, before there are threads.
pub(super) fn install() {
    std::panic::set_hook(Box::new(tell));
    for (signal, _) in FATAL {
        handle(signal, end_of_fault);
    }
    for signal in [libc::SIGXCPU, libc::SIGPROF] {
        handle(signal, end_of_time);
    }
    // Without a handler it ends the process; with one, writing fails and says why. Ignored, it would
    // be so in the programs that are started, too.
    handle(libc::SIGXFSZ, go_on);
    limit_time();
}

/// Does some work. Gives nothing if it or any other thread has panicked: whatever was found then does
/// not count.
pub(super) fn guarded<T>(work: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    let done = std::panic::catch_unwind(work).ok()?;
    (!PANICKED.load(Ordering::Relaxed)).then_some(done)
}

/// Says what a panic means, once: others follow from the first.
#[expect(clippy::print_stderr, reason = "nobody else can say it")]
fn tell(panic: &PanicHookInfo<'_>) {
    if PANICKED.swap(true, Ordering::Relaxed) {
        return;
    }
    let payload = panic.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default();
    let text: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    if is_of_threads(&text) {
        eprintln!(
            "error: the system allows no more threads: raise the limit of processes (ulimit -u, or \
             the cgroup's pids.max) or of memory (ulimit -v)"
        );
        return;
    }
    let place = panic.location().map(|it| format!(" at {}:{}", it.file(), it.line()));
    eprintln!("error: archproof failed{}: {text}: {REPORT}", place.unwrap_or_default());
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|it| it != "0") {
        eprintln!("{}", std::backtrace::Backtrace::force_capture());
    }
}

/// Whether a panic is for want of a thread, in the words of the standard library and of tokio.
fn is_of_threads(text: &str) -> bool {
    ["failed to spawn thread", "can't spawn worker thread"].iter().any(|it| text.contains(it))
}

/// Has the kernel tell of the end of the processor time in time.
fn limit_time() {
    let Some(limit) = rustix::process::getrlimit(rustix::process::Resource::Cpu).current else {
        return;
    };
    let left = Duration::from_secs(limit.max(1)).saturating_sub(CPU_MARGIN);
    let time = libc::timeval {
        tv_sec: libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_usec: left.subsec_micros().into(),
    };
    let none = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let timer = libc::itimerval { it_interval: none, it_value: time };
    // SAFETY: it reads what the first pointer leads to, which lives, and writes nothing.
    #[expect(unsafe_code, reason = "there is no safe interface to setitimer")]
    unsafe {
        libc::setitimer(libc::ITIMER_PROF, &raw const timer, std::ptr::null_mut());
    }
}

fn handle(signal: c_int, handler: extern "C" fn(c_int)) {
    // SAFETY: the structure is plain data for which zeros are valid, and the handlers call nothing
    // that a signal must not interrupt.
    #[expect(unsafe_code, reason = "there is no safe interface to sigaction")]
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        // Threads have stacks for it, which the standard library makes for overflows.
        action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, std::ptr::null_mut());
    }
}

extern "C" fn go_on(_: c_int) {}

extern "C" fn end_of_time(_: c_int) {
    end(&[b"error: the limit of processor time is reached: raise it (ulimit -t)\n"]);
}

extern "C" fn end_of_fault(signal: c_int) {
    let name = FATAL.iter().find(|it| it.0 == signal).map_or("a signal", |it| it.1);
    end(&[b"error: archproof was ended by ", name.as_bytes(), b": ", REPORT.as_bytes(), b"\n"]);
}

/// Writes a line and ends the process at once.
fn end(line: &[&[u8]]) -> ! {
    // SAFETY: write and _exit may be called from handlers of signals; the bytes live for ever.
    #[expect(unsafe_code, reason = "handlers of signals may call little else")]
    unsafe {
        for part in line {
            libc::write(libc::STDERR_FILENO, part.as_ptr().cast::<c_void>(), part.len());
        }
        libc::_exit(UNVERIFIED)
    }
}

/// The system's memory; where it gives none, the process ends with a line that says so.
pub(crate) struct Memory;

fn given(pointer: *mut u8, size: usize) -> *mut u8 {
    if pointer.is_null() && size < SMALL {
        end(&[b"error: out of memory: raise the limit (ulimit -v, or the cgroup's memory.max)\n"]);
    }
    pointer
}

// SAFETY: all of it is the system's allocator's, called with what it is to be called with.
#[expect(unsafe_code, reason = "an allocator is unsafe to implement")]
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        given(unsafe { System.realloc(pointer, layout, size) }, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_any_thread_leaves_no_result() {
        std::panic::set_hook(Box::new(tell));
        let done = guarded(|| {
            let thread = std::thread::spawn(|| panic!("on purpose"));
            assert!(thread.join().is_err());
            0
        });
        assert_eq!(done, None);
        assert_eq!(guarded(|| -> u8 { panic!("on purpose") }), None);
        drop(std::panic::take_hook());
    }

    #[test]
    fn panics_for_want_of_threads_are_known() {
        assert!(is_of_threads("failed to spawn thread: Os { code: 11, .. }"));
        assert!(is_of_threads("OS can't spawn worker thread: Resource temporarily unavailable"));
        assert!(!is_of_threads("index out of bounds: the len is 3 but the index is 3"));
    }
}
