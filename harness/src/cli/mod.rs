//! Arguments in, a report and an exit status out.

mod arguments;
mod baseline;
mod crash;
mod diff;
mod doctor;
mod exit;
mod explain;
mod inspect;
mod invocation;
mod lint;
mod output;
mod reports;
mod signals;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
pub(crate) use crash::Memory;
use exit::Exit;

pub(crate) fn main() -> ExitCode {
    crash::install();
    // Of a panic everything has been said already.
    crash::guarded(|| run(Arguments::parse())).unwrap_or(Exit::Unverified).into()
}

fn run(arguments: Arguments) -> Exit {
    match arguments.command {
        Command::Verify(arguments) => verify::verify(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Lint(arguments) => lint::lint(&arguments),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
    }
}
