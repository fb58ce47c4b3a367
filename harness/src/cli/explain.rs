//! `archproof explain`.

use std::io::{self, Write};

use archproof::rules::Rule;

use super::arguments::ExplainArguments;
use super::exit::{Exit, complain};

pub(super) fn explain(arguments: &ExplainArguments) -> Exit {
    let mut to = anstream::stdout();
    let written = match arguments.rule {
        Some(rule) => write!(to, "{}", rule.page()),
        None => list(&mut to),
    };
    match written {
        Ok(()) => Exit::Pass,
        // Who reads only the first lines has what they want.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Pass,
        Err(error) => complain(&format!("cannot write to standard output: {error}")),
    }
}

fn list(to: &mut impl Write) -> io::Result<()> {
    let width = Rule::ALL.iter().map(|it| it.name().len()).max().unwrap_or(0);
    let mut group = None;
    for rule in Rule::ALL {
        if group.replace(rule.group()) != Some(rule.group()) {
            writeln!(to, "{}", rule.group())?;
        }
        writeln!(to, "  {rule:<width$}  {:<7}  {}", rule.severity(), rule.summary())?;
    }
    Ok(())
}
