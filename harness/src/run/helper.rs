//! archproof started anew, to enter a sandbox.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::sandbox::{ENTER, Fault, Message, Task};

/// What enters sandboxes: this same program, started anew under the name [`ENTER`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    program: &'static str,
}

/// This program, whatever became of its file.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// A helper at work. Dropping it ends it, and whatever runs in its sandbox.
pub(super) struct Started {
    pub socket: UnixStream,
    messages: BufReader<UnixStream>,
    pub child: Child,
}

/// What a helper may be heard to say.
pub(super) enum Heard {
    Message(Message),
    /// Nothing, for as long as anybody wanted to wait.
    Silence,
}

impl Helper {
    /// This program.
    ///
    /// # Errors
    ///
    /// When the system does not say which it is.
    pub fn this_program() -> io::Result<Self> {
        std::fs::read_link(THIS_PROGRAM).map(|_| Self { program: THIS_PROGRAM })
    }

    /// Starts a helper that has no output of its own.
    pub(super) fn start_blocking(&self, folder: &Path, task: &Task) -> io::Result<Started> {
        self.start(folder, task, [Stdio::null(), Stdio::null()])
    }

    /// Starts a helper; standard output and error are the program's.
    pub(super) fn start(
        &self,
        folder: &Path,
        task: &Task,
        [stdout, stderr]: [Stdio; 2],
    ) -> io::Result<Started> {
        let (mut socket, theirs) = UnixStream::pair()?;
        let child = Command::new(self.program)
            .arg0(ENTER)
            .current_dir(folder)
            .stdin(OwnedFd::from(theirs))
            .stdout(stdout)
            .stderr(stderr)
            .spawn()?;
        let mut line = serde_json::to_vec(task)?;
        line.push(b'\n');
        socket.write_all(&line)?;
        let messages = BufReader::new(socket.try_clone()?);
        Ok(Started { socket, messages, child })
    }
}

impl Started {
    /// Waits for the next message, however long it takes.
    pub(super) fn answer(&mut self) -> Message {
        let mut line = Vec::new();
        let read = self.messages.read_until(b'\n', &mut line);
        understood(read, &line)
    }

    /// Waits for the next message until a time.
    pub(super) fn answer_until(&mut self, deadline: Instant) -> Heard {
        let mut line = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.socket.set_read_timeout(Some(left)).is_err() {
                return Heard::Silence;
            }
            // What was read before the time was over stays in the line.
            match self.messages.read_until(b'\n', &mut line) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Heard::Message(understood(read, &line)),
            }
        }
    }
}

fn understood(read: io::Result<usize>, line: &[u8]) -> Message {
    let message = read.map_err(serde_json::Error::io).and_then(|_| serde_json::from_slice(line));
    message.unwrap_or_else(|_| {
        Message::Failed(Fault::new("hear of the sandbox", "its process has ended"))
    })
}

impl Drop for Started {
    fn drop(&mut self) {
        // It ends when its socket closes; if it should not, it is made to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
