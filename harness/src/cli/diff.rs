//! `archproof diff`.

use std::io::{self, Write};
use std::path::Path;

use archproof::blocked::{Blocked, describe};
use archproof::compare::compare;
use archproof::observe::Observer;
use archproof::outcome::DiffReport;
use archproof::report::{Reported, write_diff_json, write_diff_text};
use archproof::revision::{CheckedOut, Repository, RevisionError};
use archproof::subject::Subject;
use archproof::verdict::Verdict;

use super::arguments::{DiffArguments, Format};
use super::exit::{Exit, complain};
use super::invocation::Invocation;
use super::output::write_to_stdout;
use super::reports::{Content, Kept};

/// What is compared.
struct Sides {
    old: Subject,
    new: Subject,
    /// Where they were checked out; empty where the user named both.
    checked_out: Vec<CheckedOut>,
}

pub(super) fn diff(arguments: &DiffArguments) -> Exit {
    try_diff(arguments).unwrap_or_else(|exit| exit)
}

fn try_diff(arguments: &DiffArguments) -> Result<Exit, Exit> {
    arguments.reports.check_without_evidence()?;
    let Sides { old, new, checked_out } = Sides::find(arguments)?;
    let (old_name, new_name) = (old.name().to_owned(), new.name().to_owned());
    let expected_size = new.case().size.clone();
    let strictness = arguments.judged.strictness();
    let (runner, processors) = (arguments.judged.runner.into(), arguments.judged.processors());
    let invocation = Invocation::new(vec![old, new], &arguments.observed, runner, processors)?;
    let judge = async |observer: &Observer<'_>, subject: &Subject| {
        archproof::verify::judged(observer, subject, strictness).await
    };
    let mut judged = invocation.run(judge)?.into_iter();
    let (Some(old), Some(new)) = (judged.next(), judged.next()) else {
        return Err(complain("nothing was compared"));
    };
    let renamed = |it: Blocked| Blocked {
        chain: it.chain.iter().map(|text| rename(&checked_out, text)).collect(),
        ..it
    };
    let outcome = compare(old.map_err(renamed), new.map_err(renamed), &expected_size);
    let report = DiffReport { old: old_name, new: new_name, strictness, outcome };
    let reported = Reported::Diff(&report);
    arguments.reports.write(&Content { reported, evidence: Kept::Nothing })?;
    if let Err(error) = show(arguments.observed.output, &report) {
        return Err(complain(&format!("cannot write the report: {error}")));
    }
    Ok(match report.verdict() {
        Verdict::Pass => Exit::Pass,
        Verdict::Fail if arguments.exit_zero => Exit::Pass,
        Verdict::Fail => Exit::Findings,
        Verdict::Blocked => Exit::Unverified,
    })
}

impl Sides {
    fn find(arguments: &DiffArguments) -> Result<Self, Exit> {
        let find = |name: &str| Subject::find(name).map_err(|error| complain(&describe(&error)));
        match (&arguments.base, arguments.subjects.as_slice()) {
            (None, [old, new]) => {
                Ok(Self { old: find(old)?, new: find(new)?, checked_out: Vec::new() })
            }
            (None, _) => Err(complain("name two images to compare, or use --base REVISION")),
            (Some(revision), []) => Self::with_base(revision, "."),
            (Some(revision), [path]) => Self::with_base(revision, path),
            (Some(_), _) => Err(complain(
                "with --base there is one folder, Dockerfile or case file to name, not two images",
            )),
        }
    }

    fn with_base(revision: &str, path: &str) -> Result<Self, Exit> {
        let failed = |error: RevisionError| complain(&describe(&error));
        let subject = Subject::find_dockerfile(path);
        let subject = subject.map_err(|error| complain(&describe(&error)))?;
        let repository = Repository::find(Path::new(path)).map_err(failed)?;
        let build = &subject.case().build;
        let folders = build.contexts.values().filter(|it| !it.contains("://")).map(Path::new);
        for file in folders.chain([build.context.as_path(), build.dockerfile.as_path()]) {
            repository.check_holds(file).map_err(failed)?;
        }
        let old = repository.at(revision).map_err(failed)?;
        let new = repository.now().map_err(failed)?;
        Ok(Self {
            old: in_checked_out(&old, format!("{path} at {revision}"))?,
            new: in_checked_out(&new, path.to_owned())?,
            checked_out: vec![old, new],
        })
    }
}

/// A text in which files that were checked out are called as git calls them.
fn rename(checked_out: &[CheckedOut], text: &str) -> String {
    checked_out.iter().fold(text.to_owned(), |text, it| it.rename(&text))
}

/// What is to be built of a revision, or of the working tree.
fn in_checked_out(checked_out: &CheckedOut, name: String) -> Result<Subject, Exit> {
    let subject = Subject::find_dockerfile(&checked_out.path().display().to_string());
    let subject = subject.map_err(|error| complain(&checked_out.rename(&describe(&error))))?;
    let mut subject = subject.renamed(name);
    let build = &mut subject.case_mut().build;
    build.dockerfile_name = checked_out.name_of(&build.dockerfile);
    Ok(subject)
}

/// Writes the report.
fn show(format: Format, report: &DiffReport) -> io::Result<()> {
    let mut text = Vec::new();
    match format {
        Format::Text => {
            write_diff_text(report, &mut text)?;
            write_to_stdout(&text)
        }
        Format::Json => {
            write_diff_json(report, &mut text)?;
            io::stdout().lock().write_all(&text)
        }
    }
}
