//! Who started the helper, and how it is told.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use super::protocol::Message;

/// The way back to who started the helper.
#[derive(Debug)]
pub(super) struct Caller(UnixStream);

impl Caller {
    /// Standard input, which is a socket; whatever else may be open is closed when a program is
    /// executed.
    pub(super) fn of_stdin() -> io::Result<Self> {
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        close_on_exec();
        Ok(Self(UnixStream::from(socket)))
    }

    /// Tells it something. Where it is gone, nobody is left to be told.
    pub(super) fn tell(&self, message: &Message) {
        let mut line = serde_json::to_vec(message).unwrap_or_default();
        line.push(b'\n');
        let _ = (&self.0).write_all(&line);
    }

    pub(super) fn socket(&self) -> &UnixStream {
        &self.0
    }
}

/// Has the kernel close everything but the standard streams when a program is executed.
fn close_on_exec() {
    // SAFETY: it takes three numbers, and only sets a flag of descriptors.
    #[expect(unsafe_code, reason = "there is no safe interface to close_range")]
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}
