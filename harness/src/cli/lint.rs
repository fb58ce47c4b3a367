//! `archproof lint`.

use archproof::outcome::{SubjectReport, Verification};
use archproof::report::Reported;
use archproof::subject::Subject;

use super::arguments::LintArguments;
use super::exit::{Exit, complain};
use super::invocation::default_platforms;
use super::output::show;
use super::reports::{Content, Kept};

pub(super) fn lint(arguments: &LintArguments) -> Exit {
    let default_platforms = match default_platforms() {
        Ok(platforms) => platforms,
        Err(exit) => return exit,
    };
    if let Err(exit) = arguments.reports.check_without_evidence() {
        return exit;
    }
    let options = arguments.options(default_platforms);
    let mut reports: Vec<SubjectReport> = Vec::new();
    for name in &arguments.dockerfiles {
        match Subject::find_dockerfile(name) {
            Ok(subject) => reports.push(archproof::lint::lint(&subject, &options)),
            Err(error) => return complain(&error.to_string()),
        }
    }
    let verification =
        Verification { subjects: reports, baseline: None, strictness: options.strictness };
    let reported = Reported::Subjects(&verification);
    let content = Content { reported, evidence: Kept::Nothing };
    match arguments.reports.write(&content) {
        Ok(()) => show(arguments.output, &verification),
        Err(exit) => exit,
    }
}
