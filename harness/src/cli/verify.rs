//! `archproof verify`.

use archproof::baseline::BaselineImage;
use archproof::blocked::Stage;
use archproof::evidence::{SavedEvidence, SavedSubject};
use archproof::observe::Observer;
use archproof::outcome::{Outcome, SubjectReport, Verification};
use archproof::report::Reported;
use archproof::subject::Subject;
use archproof::verify::Verified;

use super::arguments::{Format, VerifyArguments};
use super::baseline::BaselinePlan;
use super::exit::{Exit, complain};
use super::invocation::{Invocation, subjects};
use super::output::show;
use super::reports::{Content, Kept};

pub(super) fn verify(arguments: &VerifyArguments) -> Exit {
    try_verify(arguments).unwrap_or_else(|exit| exit)
}

/// What is left of a subject when it has been verified.
struct Done {
    report: SubjectReport,
    saved: Option<SavedSubject>,
    image: Option<BaselineImage>,
}

fn try_verify(arguments: &VerifyArguments) -> Result<Exit, Exit> {
    arguments.reports.check()?;
    let baseline = BaselinePlan::new(arguments)?;
    let (runner, processors) = (arguments.judged.runner.into(), arguments.judged.processors());
    let subjects = subjects(&arguments.subjects)?;
    let invocation = Invocation::new(subjects, &arguments.observed, runner, processors)?;
    let strictness = arguments.judged.strictness();
    let (is_kept, is_compared) = (arguments.reports.keep_evidence(), baseline.is_wanted());
    let work = async |observer: &Observer<'_>, subject: &Subject| {
        let verified = archproof::verify::verify(observer, subject, strictness).await;
        let image = if is_compared { baseline_image(&verified) } else { None };
        let Verified { report, evidence } = verified;
        let saved = evidence.filter(|_| is_kept).map(|observation| SavedSubject {
            subject: subject.name().to_owned(),
            case: subject.case().text.clone(),
            observation,
        });
        Done { report, saved, image }
    };
    let (mut subjects, mut saved, mut images) = (Vec::new(), Vec::new(), Vec::new());
    for done in invocation.run(work)? {
        subjects.push(done.report);
        saved.extend(done.saved);
        images.push(done.image);
    }
    let baseline = baseline.carry_out(images.into_iter().collect())?;
    let verification = Verification { subjects, baseline, strictness };
    let evidence = SavedEvidence::new(saved);
    arguments.reports.write(&Content {
        reported: Reported::Subjects(&verification),
        evidence: Kept::Evidence(&evidence),
    })?;
    Ok(match missing_engine(&verification.subjects) {
        Some(message) if arguments.observed.output == Format::Text => complain(&message),
        _ => show(arguments.observed.output, &verification),
    })
}

/// What an image is; nothing where that could not be found out on every platform.
fn baseline_image(verified: &Verified) -> Option<BaselineImage> {
    match (&verified.report.outcome, &verified.evidence) {
        (Outcome::Judged(judgement), Some(evidence))
            if judgement.variants.iter().all(|it| it.obstacles.is_empty()) =>
        {
            Some(BaselineImage::new(evidence, judgement))
        }
        _ => None,
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
