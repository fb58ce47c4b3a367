//! The command line.

mod cli;

use std::process::ExitCode;

#[global_allocator]
static MEMORY: cli::Memory = cli::Memory;

fn main() -> ExitCode {
    cli::main()
}
