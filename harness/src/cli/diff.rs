//! `archproof diff`.

use std::io::{self, Write};
use std::path::Path;

use archproof::blocked::describe;
use archproof::compare::compare;
use archproof::observe::Observer;
use archproof::outcome::DiffReport;
use archproof::report::{Reported, write_diff_json, write_diff_text};
use archproof::revision::CheckedOut;
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
    /// Where the old one was checked out.
    base: Option<CheckedOut>,
}

pub(super) fn diff(arguments: &DiffArguments) -> Exit {
    try_diff(arguments).unwrap_or_else(|exit| exit)
}

fn try_diff(arguments: &DiffArguments) -> Result<Exit, Exit> {
    arguments.reports.check_without_evidence()?;
    let Sides { old, new, base } = Sides::find(arguments)?;
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
    let outcome = compare(old, new, &expected_size);
    let report = DiffReport { old: old_name, new: new_name, strictness, outcome };
    let rename = |text: Vec<u8>| match &base {
        Some(base) => base.rename(&String::from_utf8_lossy(&text)).into_bytes(),
        None => text,
    };
    let reported = Reported::Diff(&report);
    arguments.reports.write(&Content { reported, evidence: Kept::Nothing, rename: &rename })?;
    if let Err(error) = show(arguments.observed.output, &report, &rename) {
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
            (None, [old, new]) => Ok(Self { old: find(old)?, new: find(new)?, base: None }),
            (None, _) => Err(complain("name two images to compare, or use --base REVISION")),
            (Some(revision), []) => Self::with_base(revision, "."),
            (Some(revision), [path]) => Self::with_base(revision, path),
            (Some(_), _) => Err(complain(
                "with --base there is one folder, Dockerfile or case file to name, not two images",
            )),
        }
    }

    fn with_base(revision: &str, path: &str) -> Result<Self, Exit> {
        let new = Subject::find_dockerfile(path);
        let new = new.map_err(|error| complain(&describe(&error)))?;
        let base = CheckedOut::new(Path::new(path), revision);
        let base = base.map_err(|error| complain(&describe(&error)))?;
        let old = Subject::find_dockerfile(&base.path().display().to_string());
        let old = old.map_err(|error| complain(&base.rename(&describe(&error))))?;
        let old = old.renamed(format!("{path} at {revision}"));
        Ok(Self { old, new, base: Some(base) })
    }
}

/// Writes the report, with the names that the user knows.
fn show(
    format: Format,
    report: &DiffReport,
    rename: &impl Fn(Vec<u8>) -> Vec<u8>,
) -> io::Result<()> {
    let mut text = Vec::new();
    match format {
        Format::Text => {
            write_diff_text(report, &mut text)?;
            write_to_stdout(&rename(text))
        }
        Format::Json => {
            write_diff_json(report, &mut text)?;
            io::stdout().lock().write_all(&rename(text))
        }
    }
}
