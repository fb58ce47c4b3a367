//! Where the refuser tells which file it was executed for.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rustix::fs::fstat;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with,
    bind, listen, recv, send, socket_with,
};

use super::fault::{Fault, While};
use super::protocol::Foreign;
use crate::emulator::TRAP_NAME;
use crate::inspect::escape;

/// So many are listened to in a row: there is other work.
const AT_ONCE: usize = 64;
/// How long the refuser may take to say what it was executed for.
const PATIENCE: Duration = Duration::from_millis(200);
/// As long as Linux takes a path to be, in bytes.
const PATH_MAX: usize = 4096;

/// A socket that only processes of the sandbox's network reach, and of these only the refuser is
/// listened to.
pub(super) struct Trap {
    socket: OwnedFd,
    /// The refuser's device and inode.
    refuser: Option<(u64, u64)>,
}

impl Trap {
    pub(super) fn new(refuser: Option<OwnedFd>) -> Result<Self, Fault> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
            .to("make a socket")?;
        let address = SocketAddrUnix::new_abstract_name(TRAP_NAME).to("name a socket")?;
        bind(&socket, &address).to("name a socket")?;
        listen(&socket, 128).to("listen at a socket")?;
        let refuser = refuser.map(fstat).transpose().to("look at the refuser")?;
        Ok(Self { socket, refuser: refuser.map(|it| (it.st_dev, it.st_ino)) })
    }

    /// Files that were refused since the last time; there may be more.
    pub(super) fn caught(&self) -> Vec<Foreign> {
        let accept = || accept_with(&self.socket, SocketFlags::CLOEXEC).ok();
        std::iter::from_fn(accept).take(AT_ONCE).filter_map(|it| self.listen_to(&it)).collect()
    }

    fn listen_to(&self, connection: &OwnedFd) -> Option<Foreign> {
        let peer = socket_peercred(connection).ok()?.pid;
        // A program could say anything; but it cannot be executed from the refuser's file.
        let program = fs::metadata(format!("/proc/{peer}/exe")).ok()?;
        if self.refuser != Some((program.dev(), program.ino())) {
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

impl AsFd for Trap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
