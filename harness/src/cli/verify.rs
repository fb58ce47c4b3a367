//! `archproof verify`.

use archproof::observe::Observer;
use archproof::outcome::{Outcome, Stage, SubjectReport};
use archproof::subject::Subject;

use super::arguments::{Format, VerifyArguments};
use super::invocation::Invocation;
use super::{Exit, complain, show};

pub(super) fn verify(arguments: &VerifyArguments) -> Exit {
    let invocation =
        match Invocation::new(&arguments.observed, arguments.runner.into(), arguments.processors())
        {
            Ok(invocation) => invocation,
            Err(exit) => return exit,
        };
    let strictness = arguments.strictness();
    let work = async |observer: &Observer<'_>, subject: &Subject| {
        archproof::verify::verify(observer, subject, strictness).await.report
    };
    match invocation.run(work) {
        Ok(reports) => match missing_engine(&reports) {
            Some(message) if arguments.observed.output == Format::Text => complain(&message),
            _ => show(arguments.observed.output, &reports),
        },
        Err(exit) => exit,
    }
}

/// What keeps all subjects alike from being verified is said once.
fn missing_engine(reports: &[SubjectReport]) -> Option<String> {
    let message = |report: &SubjectReport| match &report.outcome {
        Outcome::Blocked(blocked) if blocked.stage == Stage::Engine => {
            Some(blocked.chain.join(": "))
        }
        _ => None,
    };
    let first = message(reports.first()?)?;
    reports.iter().all(|it| message(it).as_ref() == Some(&first)).then_some(first)
}
