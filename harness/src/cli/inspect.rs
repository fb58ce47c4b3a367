//! `archproof inspect`.

use std::io::{self, BufWriter, Write};

use archproof::event::Event;
use archproof::observe::{Observer, RunnerChoice};
use archproof::processor::Processors;
use archproof::report::{FactsReport, write_facts_json, write_facts_text};
use archproof::subject::Subject;

use super::arguments::{Format, InspectArguments};
use super::exit::{Exit, complain};
use super::invocation::{Invocation, subjects};
use super::output::separated;

pub(super) fn inspect(arguments: &InspectArguments) -> Exit {
    let (runner, processors) = (RunnerChoice::None, Processors::default());
    let invocation = subjects(&arguments.subjects)
        .and_then(|it| Invocation::new(it, &arguments.observed, runner, processors));
    let invocation = match invocation {
        Ok(invocation) => invocation,
        Err(exit) => return exit,
    };
    let work = async |observer: &Observer<'_>, subject: &Subject| {
        observer.events.send(Event::SubjectStarted { subject: subject.name().to_owned() });
        let facts = observer.facts(subject).await;
        observer.events.send(Event::SubjectFinished);
        FactsReport { subject: subject.name().to_owned(), facts }
    };
    match invocation.run(work) {
        Ok(reports) => show(arguments.observed.output, &reports),
        Err(exit) => exit,
    }
}

fn show(format: Format, reports: &[FactsReport]) -> Exit {
    match write(format, reports) {
        Ok(()) => {}
        // Who reads only the first lines has what they want.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return complain(&format!("cannot write to standard output: {error}")),
    }
    let is_whole =
        |it: &FactsReport| it.facts.as_ref().is_ok_and(|image| image.unreadable.is_empty());
    if reports.iter().all(is_whole) { Exit::Pass } else { Exit::Unverified }
}

fn write(format: Format, reports: &[FactsReport]) -> io::Result<()> {
    match format {
        Format::Json => {
            let mut to = BufWriter::with_capacity(1 << 17, io::stdout().lock());
            write_facts_json(reports, &mut to)?;
            to.flush()
        }
        Format::Text => {
            let mut to = BufWriter::new(anstream::stdout().lock());
            separated(reports, &mut to, |it, to| write_facts_text(it, to))?;
            to.flush()
        }
    }
}
