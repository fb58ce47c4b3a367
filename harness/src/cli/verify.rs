//! `archproof verify`.

use archproof::case::Subject;
use archproof::observe::{Observer, RunnerChoice};
use archproof::report::{Outcome, Stage, SubjectReport, overall, write_json, write_text};
use archproof::verdict::Verdict;

use super::arguments::{Format, VerifyArguments};
use super::invocation::Invocation;
use super::{Exit, complain};

pub(super) fn verify(arguments: &VerifyArguments) -> Exit {
    let invocation = match Invocation::new(
        &arguments.observed,
        arguments.runner.map_or(RunnerChoice::Unsaid, Into::into),
        arguments.processors(),
    ) {
        Ok(invocation) => invocation,
        Err(exit) => return exit,
    };
    let strictness = arguments.strictness();
    let work = async |observer: &Observer<'_>, subject: &Subject| {
        archproof::verify::verify(observer, subject, strictness).await.report
    };
    match invocation.run(work) {
        Ok(reports) => show(arguments.observed.output, &reports),
        Err(exit) => exit,
    }
}

fn show(format: Format, reports: &[SubjectReport]) -> Exit {
    if let (Format::Text, Some(message)) = (format, missing_engine(reports)) {
        return complain(&message);
    }
    let mut to = anstream::stdout().lock();
    let written = match format {
        Format::Json => write_json(reports, &mut to),
        Format::Text => reports.iter().try_for_each(|it| write_text(it, &mut to)),
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
