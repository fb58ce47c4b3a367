//! `archproof verify`.

use archproof::blocked::Stage;
use archproof::evidence::{SavedEvidence, SavedSubject};
use archproof::observe::Observer;
use archproof::outcome::{Outcome, SubjectReport};
use archproof::report::Reported;
use archproof::subject::Subject;
use archproof::verify::Verified;

use super::arguments::{Format, VerifyArguments};
use super::exit::{Exit, complain};
use super::invocation::{Invocation, subjects};
use super::output::show;
use super::reports::{Content, Kept};

pub(super) fn verify(arguments: &VerifyArguments) -> Exit {
    let (runner, processors) = (arguments.judged.runner.into(), arguments.judged.processors());
    if let Err(exit) = arguments.reports.check() {
        return exit;
    }
    let invocation = subjects(&arguments.subjects)
        .and_then(|it| Invocation::new(it, &arguments.observed, runner, processors));
    let invocation = match invocation {
        Ok(invocation) => invocation,
        Err(exit) => return exit,
    };
    let strictness = arguments.judged.strictness();
    let is_kept = arguments.reports.keep_evidence();
    let work = async |observer: &Observer<'_>, subject: &Subject| {
        let Verified { report, evidence } =
            archproof::verify::verify(observer, subject, strictness).await;
        let case = subject.case().text.clone();
        let name = subject.name().to_owned();
        let saved = evidence.filter(|_| is_kept).map(|observation| SavedSubject {
            subject: name,
            case,
            observation,
        });
        (report, saved)
    };
    let (reports, saved): (Vec<SubjectReport>, Vec<Option<SavedSubject>>) =
        match invocation.run(work) {
            Ok(done) => done.into_iter().unzip(),
            Err(exit) => return exit,
        };
    let evidence = SavedEvidence::new(saved.into_iter().flatten().collect());
    let content = Content {
        reported: Reported::Subjects(&reports),
        evidence: Kept::Evidence(&evidence),
        rename: &|text| text,
    };
    if let Err(exit) = arguments.reports.write(&content) {
        return exit;
    }
    match missing_engine(&reports) {
        Some(message) if arguments.observed.output == Format::Text => complain(&message),
        _ => show(arguments.observed.output, &reports),
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
