//! How the process ends.

use std::io::Write;
use std::process::ExitCode;

use archproof::text::printable;

/// What the process says when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Every variant passed.
    Pass,
    /// There are findings.
    Findings,
    /// It could not be verified.
    Unverified,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Pass => 0,
            Exit::Findings => 1,
            Exit::Unverified => 2,
        })
    }
}

/// Says on standard error what keeps the program from its work.
pub(super) fn complain(message: &str) -> Exit {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // Where standard error is closed, the exit status is all there is.
    // A line that begins with somebody else's words may be a command to whoever reads the log.
    let message = printable(message.as_bytes()).replace('\n', "\n  | ");
    let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {message}");
    Exit::Unverified
}
