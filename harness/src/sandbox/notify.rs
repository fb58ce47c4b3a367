//! System calls that the kernel does not carry out: it stops whoever makes one, and asks.
//!
//! Source: `seccomp(2)`, `seccomp_unotify(2)`.

use std::fs;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Where the kernel asks.
#[derive(Debug)]
pub(super) struct Listener(OwnedFd);

/// A call that somebody waits in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    id: u64,
    /// The thread's number.
    pub thread: u32,
    /// The call's number.
    pub number: i64,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// What a call gives, or the number of an error.
pub(super) type Answer = Result<Reply, i32>;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It gives this.
    Gives(i64),
    /// The kernel carries it out after all.
    CarryOut,
}

#[cfg(target_arch = "x86_64")]
const AUDIT_ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const AUDIT_ARCH: u32 = 0xc000_00b7;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const AUDIT_ARCH: u32 = 0;

/// Signals do not interrupt a call that somebody was told of (Linux 5.19). The C library's headers
/// do not have it.
const WAIT_KILLABLE: libc::c_ulong = 1 << 5;

/// The kernel's own name is not in the C library's headers either.
///
/// Source: Linux, `include/uapi/linux/seccomp.h`, `SECCOMP_USER_NOTIF_FLAG_CONTINUE`.
const CARRY_OUT: u32 = 1;

impl Listener {
    /// Has these calls of this process and all its children asked about. It has to have given up
    /// new privileges before.
    ///
    /// # Errors
    ///
    /// When the kernel does not do it.
    pub(super) fn of_calls(calls: &[libc::c_long]) -> io::Result<Self> {
        let filter = filter(calls);
        let length = libc::c_ushort::try_from(filter.len()).map_err(io::Error::other)?;
        let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut() };
        let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE;
        // SAFETY: the kernel reads the program and its instructions, which live until it returns.
        #[expect(unsafe_code, reason = "there is no safe interface to seccomp")]
        let listener = unsafe {
            let mode = libc::SECCOMP_SET_MODE_FILTER;
            libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program)
        };
        let listener = i32::try_from(listener).unwrap_or(-1);
        if listener < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was made just now, and is nobody else's.
        #[expect(unsafe_code, reason = "a descriptor of a system call is a number")]
        Ok(Self(unsafe { OwnedFd::from_raw_fd(listener) }))
    }

    pub(super) fn from_descriptor(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// The next call; blocks until there is one. `None` where who made it is gone.
    pub(super) fn next(&self) -> Option<Call> {
        // SAFETY: all fields are numbers, for which zero is a value. The kernel wants zeros.
        #[expect(unsafe_code, reason = "C's structure has no constructor")]
        let mut call: libc::seccomp_notif = unsafe { zeroed() };
        // SAFETY: the kernel writes one such structure, which lives until it returns.
        #[expect(unsafe_code, reason = "there is no safe interface to this request")]
        let received = unsafe { libc::ioctl(self.0.as_raw_fd(), RECEIVE, &raw mut call) };
        (received == 0).then(|| Call {
            id: call.id,
            thread: call.pid,
            number: call.data.nr.into(),
            arguments: call.data.args,
        })
    }

    /// Lets who made a call go on with an answer. Where it is gone, nobody hears it.
    pub(super) fn answer(&self, call: &Call, answer: Answer) {
        let (val, error, flags) = match answer {
            Ok(Reply::Gives(value)) => (value, 0, 0),
            Ok(Reply::CarryOut) => (0, 0, CARRY_OUT),
            Err(errno) => (0, -errno, 0),
        };
        let mut response = libc::seccomp_notif_resp { id: call.id, val, error, flags };
        // SAFETY: the kernel reads one such structure, which lives until it returns.
        #[expect(unsafe_code, reason = "there is no safe interface to this request")]
        unsafe {
            libc::ioctl(self.0.as_raw_fd(), SEND, &raw mut response);
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// `_IOWR('!', number, structure)`.
const fn request(number: u64, size: usize) -> libc::Ioctl {
    (3 << 30 | (size as u64) << 16 | (b'!' as u64) << 8 | number) as libc::Ioctl
}
const RECEIVE: libc::Ioctl = request(0, size_of::<libc::seccomp_notif>());
const SEND: libc::Ioctl = request(1, size_of::<libc::seccomp_notif_resp>());

/// Asks about some calls of the host's own architecture, and about no others.
fn filter(calls: &[libc::c_long]) -> Vec<libc::sock_filter> {
    const NUMBER: u32 = 0;
    const ARCHITECTURE: u32 = 4;
    let step = |code: u32, k: u32, (jt, jf): (u8, u8)| libc::sock_filter {
        code: u16::try_from(code).unwrap_or_default(),
        jt,
        jf,
        k,
    };
    let load = |at| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at, (0, 0));
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let end = |action| step(libc::BPF_RET | libc::BPF_K, action, (0, 0));
    let count = u8::try_from(calls.len()).unwrap_or(u8::MAX);
    let mut filter =
        vec![load(ARCHITECTURE), step(equal, AUDIT_ARCH, (0, count + 1)), load(NUMBER)];
    for (left, call) in (0..count).rev().zip(calls) {
        // To the answer behind the last comparison and behind "allow".
        filter.push(step(equal, u32::try_from(*call).unwrap_or(u32::MAX), (left + 1, 0)));
    }
    filter.push(end(libc::SECCOMP_RET_ALLOW));
    filter.push(end(libc::SECCOMP_RET_USER_NOTIF));
    filter
}

/// What is in the memory of a process that waits in a call.
pub(super) fn read_memory(thread: u32, at: u64, bytes: &mut [u8]) -> io::Result<()> {
    let memory = fs::File::open(format!("/proc/{thread}/mem"))?;
    std::os::unix::fs::FileExt::read_exact_at(&memory, bytes, at)
}

/// Changes the memory of a process that waits in a call.
pub(super) fn write_memory(thread: u32, at: u64, bytes: &[u8]) -> io::Result<()> {
    let memory = fs::File::options().write(true).open(format!("/proc/{thread}/mem"))?;
    std::os::unix::fs::FileExt::write_all_at(&memory, bytes, at)
}
