//! Arguments in, a report and an exit status out.

mod arguments;
mod crash;
mod doctor;
mod explain;
mod inspect;
mod invocation;
mod lint;
mod signals;
mod verify;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use archproof::outcome::{SubjectReport, overall};
use archproof::report::{wrap, write_json, write_text};
use archproof::text::printable;
use archproof::verdict::Verdict;
use clap::Parser;

use arguments::{Arguments, Command, Format};
pub(crate) use crash::Memory;

/// What the process says when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
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
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
    }
}

/// Writes a report, and says what it comes to.
fn show(format: Format, reports: &[SubjectReport]) -> Exit {
    let written = match format {
        // A stream that strips colours would take more out of it than that.
        Format::Json => {
            let mut to = BufWriter::new(io::stdout().lock());
            write_reports(format, reports, &mut to).and_then(|()| to.flush())
        }
        Format::Text => write_text_to_stdout(reports),
    };
    if let Err(error) = written {
        return complain(&format!("cannot write the report: {error}"));
    }
    match overall(reports) {
        Verdict::Pass => Exit::Pass,
        Verdict::Fail => Exit::Findings,
        Verdict::Blocked => Exit::Unverified,
    }
}

/// Writes reports, with colours and broken lines where that is a terminal.
fn write_text_to_stdout(reports: &[SubjectReport]) -> io::Result<()> {
    let mut text = Vec::new();
    separated(reports, &mut text, |it, to| write_text(it, to))?;
    let mut to = anstream::stdout().lock();
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((width, _)) => {
            let text = String::from_utf8_lossy(&text);
            to.write_all(wrap(&text, usize::from(width.0)).as_bytes())
        }
        None => to.write_all(&text),
    }
}

/// Writes reports, without colours.
fn write_reports(format: Format, reports: &[SubjectReport], to: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => write_json(reports, to),
        Format::Text => {
            let mut plain = anstream::StripStream::new(Vec::new());
            separated(reports, &mut plain, |it, to| write_text(it, to))?;
            to.write_all(&plain.into_inner())
        }
    }
}

/// Writes each, with an empty line between two.
fn separated<T>(
    reports: &[T],
    to: &mut dyn Write,
    write: impl Fn(&T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    for (number, report) in reports.iter().enumerate() {
        if number > 0 {
            writeln!(to)?;
        }
        write(report, to)?;
    }
    Ok(())
}

/// Says on standard error what keeps the program from its work.
fn complain(message: &str) -> Exit {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // Where standard error is closed, the exit status is all there is.
    let message = printable(message.as_bytes());
    let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {message}");
    Exit::Unverified
}
