//! Where the stub interpreter tells which file it was executed for.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with,
    bind, listen, recv, send, socket_with,
};
use rustix::process::{Pid, Signal, kill_process};

use super::executors::FileId;
use super::fault::{Fault, While};
use super::processes::{is_running, processes};
use super::protocol::Foreign;
use crate::emulator::TRAP_NAME;
use crate::linux::PATH_MAX;
use crate::text::escape;

/// So many are listened to in a row: there is other work.
const AT_ONCE: usize = 64;
/// How long the stub interpreter may take to say what it was executed for.
const PATIENCE: Duration = Duration::from_millis(200);
/// Who has not told for so long cannot tell.
const SILENCE: Duration = Duration::from_millis(15);

/// A socket that only processes of the sandbox's network reach, and of these only the stub interpreter is
/// listened to.
pub(super) struct Trap {
    socket: OwnedFd,
    stub_interpreter: Option<FileId>,
    /// The processes of the stub interpreter that were there when somebody last looked.
    seen: Vec<Pid>,
    /// When that was.
    looked: Instant,
}

impl Trap {
    pub(super) fn new(stub_interpreter: Option<FileId>) -> Result<Self, Fault> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
            .to("make a socket")?;
        let address = SocketAddrUnix::new_abstract_name(TRAP_NAME).to("name a socket")?;
        bind(&socket, &address).to("name a socket")?;
        listen(&socket, 128).to("listen at a socket")?;
        Ok(Self { socket, stub_interpreter, seen: Vec::new(), looked: Instant::now() })
    }

    /// Files that were refused since the last time; there may be more.
    pub(super) fn caught(&mut self) -> Vec<Foreign> {
        let accept = || accept_with(&self.socket, SocketFlags::CLOEXEC).ok();
        let told = std::iter::from_fn(accept).take(AT_ONCE);
        let mut caught: Vec<Foreign> = told.filter_map(|it| self.listen_to(&it)).collect();
        caught.extend(self.silent());
        caught
    }

    /// What the stub interpreter was executed for and could not tell: a program may leave it no descriptor to
    /// tell with. Whoever tells is gone by the next time, which is not sooner than [`SILENCE`] after.
    fn silent(&mut self) -> Vec<Foreign> {
        if self.looked.elapsed() < SILENCE {
            return Vec::new();
        }
        self.looked = Instant::now();
        let (now, before) = (self.stub_interpreters(), std::mem::take(&mut self.seen));
        let (stuck, new): (Vec<Pid>, Vec<Pid>) =
            now.into_iter().partition(|it| before.contains(it));
        self.seen = new;
        let foreign = stuck.iter().filter_map(|it| told_by_arguments(*it)).collect();
        for pid in stuck {
            // It may have ended.
            let _ = kill_process(pid, Signal::KILL);
        }
        foreign
    }

    /// What the stub interpreter was executed for by whoever has not told yet.
    pub(super) fn waiting(&self) -> Vec<Foreign> {
        self.stub_interpreters().into_iter().filter_map(told_by_arguments).collect()
    }

    /// The processes that the stub interpreter's file is executed in.
    fn stub_interpreters(&self) -> Vec<Pid> {
        processes().filter(|it| self.is_stub_interpreter(*it)).collect()
    }

    /// A program could say anything; but it cannot be executed from the stub interpreter's file.
    fn is_stub_interpreter(&self, pid: Pid) -> bool {
        let program = fs::metadata(format!("/proc/{}/exe", pid.as_raw_nonzero()));
        program.is_ok_and(|it| self.stub_interpreter == Some((it.dev(), it.ino())))
    }

    /// Whether a process but the first does anything, or is about to tell.
    pub(super) fn is_somebody_busy(&self) -> bool {
        processes().any(|it| is_running(it) || self.is_stub_interpreter(it))
    }

    fn listen_to(&self, connection: &OwnedFd) -> Option<Foreign> {
        let peer = socket_peercred(connection).ok()?.pid;
        if !self.is_stub_interpreter(peer) {
            return None;
        }
        // It speaks at once, unless somebody stops it.
        set_socket_timeout(connection, Timeout::Recv, Some(PATIENCE)).ok()?;
        let mut path = [0; PATH_MAX];
        let (length, _) = recv(connection, &mut path[..], RecvFlags::empty()).ok()?;
        // It waits for this.
        let _ = send(connection, b"!", SendFlags::NOSIGNAL);
        Some(Foreign { path: escape(&path[..length]) })
    }
}

/// The stub interpreter's second argument is the path of what was to be executed.
fn told_by_arguments(pid: Pid) -> Option<Foreign> {
    let arguments = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
    let path = arguments.split(|it| *it == 0).nth(1)?;
    Some(Foreign { path: escape(path) })
}

impl AsFd for Trap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
