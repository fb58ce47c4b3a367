//! The main job: a subject through the whole pipeline, to its verdict.

use crate::case::Case;
use crate::event::Event;
use crate::evidence::Observation;
use crate::observe::{Observer, RunnerChoice};
use crate::report::{Outcome, SubjectReport};
use crate::rules::Needs;
use crate::subject::Subject;
use crate::verdict::{Strictness, judge};

/// A subject that was verified: its report and what it rests on.
#[derive(Debug)]
pub struct Verified {
    /// What came of it.
    pub report: SubjectReport,
    /// Everything observed; absent with the reason in the report.
    pub evidence: Option<Observation>,
}

/// Observes a subject and judges it.
pub async fn verify(
    observer: &Observer<'_>,
    subject: &Subject,
    strictness: Strictness,
) -> Verified {
    observer.events.send(Event::SubjectStarted { subject: subject.name().to_owned() });
    let evidence = observer.observe(subject).await;
    if let Some(engine) = observer.engine.get() {
        // Of this subject nothing is needed any more. What resists is tried again at the end.
        let _ = observer.session.clean(engine).await;
    }
    observer.events.send(Event::SubjectFinished);
    let (outcome, evidence) = match evidence {
        Ok(evidence) => {
            let case = expected_of(subject.case(), observer.options.runner);
            (Outcome::Judged(judge(&evidence, &case, strictness)), Some(evidence))
        }
        Err(blocked) => (Outcome::Blocked(blocked), None),
    };
    let summary = subject.case().summary.clone();
    let subject = subject.name().to_owned();
    Verified { report: SubjectReport { subject, summary, outcome }, evidence }
}

/// What nobody runs is not expected to be caught running, nor in an engine what only a sandbox shows.
fn expected_of(case: &Case, runner: RunnerChoice) -> Case {
    let mut case = case.clone();
    case.expect.retain(|it| match runner {
        RunnerChoice::None => !matches!(it.rule().needs(), Needs::Run | Needs::SandboxRun),
        // A case is built, and the engine runs what is built.
        RunnerChoice::Engine | RunnerChoice::Unsaid => it.rule().needs() != Needs::SandboxRun,
        RunnerChoice::Sandbox => true,
    });
    case
}
