//! A process that removes a session from the engine when the one that made it ends without doing so: at
//! Ctrl-C, or when it is killed. To handle signals is not a library's business.
//!
//! It is this same program under another name, in a process group of its own, which the terminal's
//! signals do not reach. It waits for the end of its standard input.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use super::cleanup::remove_after_interruption;
use crate::engine::{Endpoint, Engine, Environment};
use crate::run::Session;

/// The name under which this program starts itself for that.
pub(crate) const REAP: &str = "archproof-reaper";
/// What it hears when there is nothing to do.
const DISMISSED: &[u8] = b"dismissed";

/// A reaper that waits.
#[derive(Debug)]
pub(super) struct Reaper(Child);

impl Reaper {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// When the system starts no more processes.
    pub(super) fn start(endpoint: &Endpoint, session: &Session) -> io::Result<Self> {
        let child = Command::new("/proc/self/exe")
            .arg0(REAP)
            .arg(session.to_string())
            .env("DOCKER_HOST", endpoint.to_string())
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Reaper {
    /// Whoever drops it has cleaned up.
    fn drop(&mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            let _ = input.write_all(DISMISSED);
        }
        let _ = self.0.wait();
    }
}

/// What a reaper does.
///
/// # Errors
///
/// When there is no session to remove, or no engine.
pub(crate) fn reap() -> io::Result<()> {
    let mut heard = Vec::new();
    io::stdin().read_to_end(&mut heard)?;
    if heard == DISMISSED {
        return Ok(());
    }
    let name = std::env::args().nth(1).unwrap_or_default();
    let session = Session::parse(&name).ok_or(io::ErrorKind::InvalidInput)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let engine = Engine::connect(&Environment::of_process()).await.map_err(io::Error::other)?;
        remove_after_interruption(&engine, &session).await.map_err(io::Error::other)
    })
}
