//! The main job: a subject through the whole pipeline, to its verdict.

use crate::blocked::Blocked;
use crate::case::Case;
use crate::event::Event;
use crate::evidence::Observation;
use crate::evidence::image::Variant;
use crate::evidence::run::{NotRun, RunnerKind};
use crate::observe::{BuiltImage, Observer};
use crate::outcome::{Outcome, SubjectReport};
use crate::platform::Platform;
use crate::rules::Needs;
use crate::subject::Subject;
use crate::verdict::{Judgement, Strictness, judge};

/// A subject that was verified: its report and what it rests on.
#[derive(Debug)]
pub struct Verified {
    /// What came of it.
    pub report: SubjectReport,
    /// Everything observed; absent with the reason in the report.
    pub evidence: Option<Observation>,
}

/// Observes a subject and judges it, with its report.
pub async fn verify(
    observer: &Observer<'_>,
    subject: &Subject,
    strictness: Strictness,
) -> Verified {
    let (outcome, evidence) = match judged(observer, subject, strictness).await {
        Ok((evidence, judgement)) => (Outcome::Judged(judgement), Some(evidence)),
        Err(blocked) => (Outcome::Blocked(blocked), None),
    };
    let summary = subject.case().summary.clone();
    let subject = subject.name().to_owned();
    Verified { report: SubjectReport { subject, summary, outcome }, evidence }
}

/// Observes a subject and judges it.
///
/// # Errors
///
/// When it could not be observed.
pub async fn judged(
    observer: &Observer<'_>,
    subject: &Subject,
    strictness: Strictness,
) -> Result<(Observation, Judgement), Blocked> {
    observer.events.send(Event::SubjectStarted { subject: subject.name().to_owned() });
    let evidence = observer.observe(subject).await;
    if let Some(engine) = observer.engine.get()
        && observer.options.built == BuiltImage::Removed
    {
        // Of this subject nothing is needed any more. What resists is tried again at the end.
        let _ = observer.session.clean(engine).await;
    }
    observer.events.send(Event::SubjectFinished);
    let evidence = evidence?;
    let case = expected_of(subject.case(), &evidence);
    let judgement = judge(&evidence, &case, strictness);
    Ok((evidence, judgement))
}

/// What was not run is not expected to be caught running, nor in an engine what only a sandbox shows.
fn expected_of(case: &Case, observation: &Observation) -> Case {
    let Observation::Image(evidence) = observation else { return case.clone() };
    let mut case = case.clone();
    let is_by_engine = |platform: Option<Platform>| {
        let of_platform = |it: &&Variant| platform.is_none_or(|at| at == it.platform);
        let variants = evidence.image.variants.iter().filter(of_platform);
        let mut runs = variants.flat_map(|it| evidence.runs_of(it));
        runs.any(|it| it.runner == RunnerKind::Engine)
    };
    let is_unwanted = evidence.runs.values().any(|it| matches!(it, Err(NotRun::Unwanted)));
    case.expect.retain(|it| match it.rule().needs() {
        Needs::Run => !is_unwanted,
        Needs::SandboxRun => !is_unwanted && !is_by_engine(it.platform()),
        Needs::Image | Needs::Build | Needs::Dockerfile => true,
    });
    case
}
