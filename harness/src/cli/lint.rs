//! `archproof lint`.

use archproof::outcome::SubjectReport;
use archproof::subject::Subject;

use super::arguments::LintArguments;
use super::exit::{Exit, complain};
use super::invocation::default_platforms;
use super::output::show;

pub(super) fn lint(arguments: &LintArguments) -> Exit {
    let default_platforms = match default_platforms() {
        Ok(platforms) => platforms,
        Err(exit) => return exit,
    };
    let options = arguments.options(default_platforms);
    let mut reports: Vec<SubjectReport> = Vec::new();
    for name in &arguments.dockerfiles {
        match Subject::find_dockerfile(name) {
            Ok(subject) => reports.push(archproof::lint::lint(&subject, &options)),
            Err(error) => return complain(&error.to_string()),
        }
    }
    show(arguments.output, &reports)
}
