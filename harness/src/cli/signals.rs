//! Signals that ask the program to stop.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for one, and gives its name.
///
/// # Errors
///
/// When the system does not deliver them.
pub(super) async fn interruption() -> io::Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
        _ = hangup.recv() => "SIGHUP",
    })
}
