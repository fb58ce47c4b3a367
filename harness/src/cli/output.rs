//! Reports on standard output.

use std::io::{self, BufWriter, Write};

use archproof::outcome::Verification;
use archproof::report::{wrap, write_json, write_verification};
use archproof::verdict::Verdict;

use super::arguments::Format;
use super::exit::{Exit, complain};

/// Writes a report, and says what it comes to.
pub(super) fn show(format: Format, verification: &Verification) -> Exit {
    let written = match format {
        // A stream that strips colours would take more out of it than that.
        Format::Json => {
            let mut to = BufWriter::new(io::stdout().lock());
            write_reports(format, verification, &mut to).and_then(|()| to.flush())
        }
        Format::Text => write_text_to_stdout(verification),
    };
    if let Err(error) = written {
        return complain(&format!("cannot write the report: {error}"));
    }
    match verification.verdict() {
        Verdict::Pass => Exit::Pass,
        Verdict::Fail => Exit::Findings,
        Verdict::Blocked => Exit::Unverified,
    }
}

/// Writes reports, with colours and broken lines where that is a terminal.
fn write_text_to_stdout(verification: &Verification) -> io::Result<()> {
    let mut text = Vec::new();
    write_verification(verification, &mut text)?;
    write_to_stdout(&text)
}

/// Writes text, with colours and broken lines where standard output is a terminal.
pub(super) fn write_to_stdout(text: &[u8]) -> io::Result<()> {
    let mut to = anstream::stdout().lock();
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((width, _)) => {
            let text = String::from_utf8_lossy(text);
            to.write_all(wrap(&text, usize::from(width.0)).as_bytes())
        }
        None => to.write_all(text),
    }
}

/// Writes reports, without colours.
pub(super) fn write_reports(
    format: Format,
    verification: &Verification,
    to: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Json => write_json(verification, to),
        Format::Text => {
            let mut plain = anstream::StripStream::new(Vec::new());
            write_verification(verification, &mut plain)?;
            to.write_all(&plain.into_inner())
        }
    }
}

/// Writes each, with an empty line between two.
pub(super) fn separated<T>(
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
