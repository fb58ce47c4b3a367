//! `archproof verify`.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use archproof::blocked::Stage;
use archproof::evidence::{SavedEvidence, SavedSubject};
use archproof::observe::Observer;
use archproof::outcome::{Outcome, SubjectReport};
use archproof::subject::Subject;
use archproof::verify::Verified;

use super::arguments::{Format, ReportArgument, ReportKind, ReportTarget, VerifyArguments};
use super::exit::{Exit, complain};
use super::invocation::Invocation;
use super::output::{show, write_reports};

pub(super) fn verify(arguments: &VerifyArguments) -> Exit {
    let invocation =
        match Invocation::new(&arguments.observed, arguments.runner.into(), arguments.processors())
        {
            Ok(invocation) => invocation,
            Err(exit) => return exit,
        };
    let strictness = arguments.strictness();
    let is_kept = arguments.report.iter().any(|it| it.kind == ReportKind::Evidence);
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
    for argument in &arguments.report {
        if let Err(error) = write_report(argument, &reports, &evidence) {
            return complain(&format!("cannot write the report {}: {error}", argument.to));
        }
    }
    match missing_engine(&reports) {
        Some(message) if arguments.observed.output == Format::Text => complain(&message),
        _ => show(arguments.observed.output, &reports),
    }
}

/// Writes a further report. A file gets its name when it is whole.
fn write_report(
    argument: &ReportArgument,
    reports: &[SubjectReport],
    evidence: &SavedEvidence,
) -> io::Result<()> {
    let write = |to: &mut dyn Write| match argument.kind {
        ReportKind::Report(format) => write_reports(format, reports, to),
        ReportKind::Evidence => evidence.write(to),
    };
    match &argument.to {
        ReportTarget::StandardOutput => {
            let mut to = BufWriter::new(io::stdout().lock());
            write(&mut to)?;
            to.flush()
        }
        ReportTarget::File(path) => {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            let mut to = BufWriter::new(file);
            write(&mut to)?;
            let file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().set_permissions(Permissions::from_mode(READABLE))?;
            file.persist(path)?;
            Ok(())
        }
    }
}

/// As files usually are: a report is no secret.
const READABLE: u32 = 0o644;

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
