//! What the reports for other programs have in common: findings and changes as rows.

use std::cmp::Reverse;

use crate::case::ExpectedFinding;
use crate::diff::Change;
use crate::evidence::build::{BuildTrace, Provenance};
use crate::listing::{Merged, merged_of, merged_of_image};
use crate::oci::Digest;
use crate::outcome::{
    BaselineOutcome, BaselineReport, DiffOutcome, DiffReport, Outcome, SubjectReport, Verification,
};
use crate::platform::Platform;
use crate::rules::{Finding, Origin, Severity};
use crate::text::line;
use crate::verdict::{Judgement, Status, Verdict, Whole};

/// What is reported.
#[derive(Clone, Copy, Debug)]
pub enum Reported<'a> {
    /// Subjects that were verified or linted.
    Subjects(&'a Verification),
    /// Two images that were compared.
    Diff(&'a DiffReport),
}

/// One subject, as rows.
pub(super) struct Sheet<'a> {
    /// As the user wrote it; of a comparison, both.
    pub(super) subject: String,
    pub(super) verdict: Verdict,
    /// What could not be found out as a whole; empty where it could.
    pub(super) blocked: Vec<String>,
    /// The worst first.
    pub(super) problems: Vec<Problem>,
    pub(super) of: Of<'a>,
}

/// What a sheet is about.
pub(super) enum Of<'a> {
    Judgement(&'a Judgement),
    /// A Dockerfile alone.
    Dockerfile,
    /// Two images.
    Comparison,
    /// It could not be verified.
    Nothing,
}

/// A finding or a change.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) severity: Severity,
    /// The rule, or the kind of the change.
    pub(super) name: String,
    /// What the name stands for: a rule has a page.
    pub(super) source: Source,
    /// Why it does not count; empty where it does.
    pub(super) accepted: String,
    pub(super) platforms: Vec<Platform>,
    /// The file in the image; empty where it is about none.
    pub(super) path: String,
    /// Where it is in the repository.
    pub(super) place: Place,
    pub(super) message: String,
    /// What to do; empty where nothing says so.
    pub(super) help: String,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Rule,
    Change,
}

/// A place in the repository of whoever reads the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A line of a Dockerfile, and a column, each from 1.
    Dockerfile { file: String, line: u32, column: u32 },
    /// Nothing in the repository is known to have made it.
    Subject,
}

impl Problem {
    /// Whether it counts.
    pub(super) fn is_open(&self) -> bool {
        self.accepted.is_empty()
    }

    /// The same for the same problem in every build of the same sources.
    pub(super) fn fingerprint(&self, subject: &str, number: usize) -> String {
        let platforms: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        let message = crate::diff::stable(&self.message);
        let parts = [subject, &self.name, &platforms.join(","), &self.path, &message];
        Digest::of(format!("{}\0{number}", parts.join("\0")).as_bytes()).hex()
    }

    /// The message after the file and the platforms that it is about, where those are not in it.
    pub(super) fn placed_message(&self) -> String {
        let platforms = self.platform_names();
        match (self.path.as_str(), platforms.as_str()) {
            ("", "") => self.message.clone(),
            ("", platforms) => format!("{platforms}: {}", self.message),
            (path, "") => format!("{}: {}", line(path), self.message),
            (path, platforms) => format!("{} ({platforms}): {}", line(path), self.message),
        }
    }

    /// The names of the platforms.
    pub(super) fn platform_names(&self) -> String {
        self.platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn of_finding(merged: &Merged<'_>, trace: Option<&BuildTrace>) -> Self {
        let Finding { rule, severity, location, suggestion, .. } = &merged.judged.finding;
        let accepted = match &merged.judged.status {
            Status::Open => String::new(),
            Status::Expected => "expected".to_owned(),
            Status::Allowed { reason } => line(reason),
        };
        let place = match location.position() {
            Some(it) => {
                Place::Dockerfile { file: it.dockerfile.clone(), line: it.line, column: it.column }
            }
            None => trace.map_or(Place::Subject, |it| written_by(location.layer(), it)),
        };
        Self {
            severity: *severity,
            name: rule.to_string(),
            source: Source::Rule,
            accepted,
            platforms: merged.platforms.clone(),
            path: location.path().unwrap_or_default().to_owned(),
            place,
            message: merged.message(),
            help: suggestion.as_deref().map(line).unwrap_or_default(),
        }
    }

    /// A finding that a case expects and nothing found.
    fn missed(expected: &ExpectedFinding) -> Self {
        Self {
            severity: Severity::Error,
            name: expected.rule().to_string(),
            source: Source::Rule,
            accepted: String::new(),
            platforms: expected.platform().into_iter().collect(),
            path: String::new(),
            place: Place::Subject,
            message: format!("expected, but not found: {}", line(&expected.to_string())),
            help: String::new(),
        }
    }

    fn of_change(change: &Change) -> Self {
        Self {
            severity: change.severity,
            name: change.kind.to_string(),
            source: Source::Change,
            accepted: String::new(),
            platforms: change.platforms.clone(),
            path: change.path.clone().unwrap_or_default(),
            place: Place::Subject,
            message: line(&change.message),
            help: String::new(),
        }
    }
}

/// The line of the Dockerfile that wrote a layer, by what the config's history calls it; else its first.
fn written_by(layer: Option<&Origin>, trace: &BuildTrace) -> Place {
    let wanted = layer.map(|it| instruction(&it.created_by)).unwrap_or_default();
    let mut steps = trace.steps.iter().filter(|it| instruction(&it.instruction) == wanted);
    let line = steps.find_map(|it| it.lines).map_or(1, |it| it.first);
    Place::Dockerfile { file: trace.recipe.name.clone(), line, column: 1 }
}

/// An instruction as both the history and the Dockerfile have it: without flags, without the shell and
/// the build arguments before a command, and without BuildKit's mark behind it.
fn instruction(text: &str) -> String {
    let text = text.strip_suffix("# buildkit").unwrap_or(text);
    let mut words = text.split_whitespace();
    let mut kept: Vec<&str> = words.next().into_iter().collect();
    let mut rest: Vec<&str> = words.skip_while(|it| it.starts_with("--")).collect();
    if let Some(first) = rest.first()
        && let Some(count) = first.strip_prefix('|').and_then(|it| it.parse::<usize>().ok())
    {
        rest.drain(..rest.len().min(count + 1));
    }
    if rest.starts_with(&["/bin/sh", "-c"]) {
        rest.drain(..2);
    }
    kept.extend(rest);
    kept.join(" ")
}

impl<'a> Reported<'a> {
    pub(super) fn sheets(self) -> Vec<Sheet<'a>> {
        match self {
            Self::Subjects(verification) => {
                let baseline = verification.baseline.iter().map(Sheet::of_baseline);
                verification.subjects.iter().map(Sheet::of_subject).chain(baseline).collect()
            }
            Self::Diff(report) => vec![Sheet::of_diff(report)],
        }
    }
}

impl<'a> Sheet<'a> {
    fn of_subject(report: &'a SubjectReport) -> Self {
        let (subject, verdict) = (report.subject.clone(), report.verdict());
        let empty =
            Self { subject, verdict, blocked: Vec::new(), problems: Vec::new(), of: Of::Nothing };
        match &report.outcome {
            Outcome::Judged(judgement) => {
                let trace = trace(judgement);
                let merged = merged_of_image(judgement);
                let problems = merged.iter().map(|it| Problem::of_finding(it, trace));
                let problems = problems.chain(judgement.missed.iter().map(Problem::missed));
                Self { problems: problems.collect(), of: Of::Judgement(judgement), ..empty }
            }
            Outcome::Linted(judgement) => {
                let merged = merged_of(&judgement.findings);
                let problems = merged.iter().map(|it| Problem::of_finding(it, None));
                let problems = problems.chain(judgement.missed.iter().map(Problem::missed));
                Self { problems: problems.collect(), of: Of::Dockerfile, ..empty }
            }
            Outcome::Blocked(blocked) => Self { blocked: blocked.chain.clone(), ..empty },
        }
    }

    fn of_baseline(report: &BaselineReport) -> Self {
        let problem = |lines: &[String]| Problem {
            severity: Severity::Error,
            name: "baseline".to_owned(),
            source: Source::Change,
            accepted: String::new(),
            platforms: Vec::new(),
            path: String::new(),
            place: Place::Dockerfile { file: report.file.clone(), line: 1, column: 1 },
            message: format!("{} lines differ from the baseline", changed(lines)),
            help: "accept the difference with --update-baseline".to_owned(),
        };
        let (blocked, problems) = match &report.outcome {
            BaselineOutcome::Same | BaselineOutcome::Written => (Vec::new(), Vec::new()),
            BaselineOutcome::Differs(lines) => (Vec::new(), vec![problem(lines)]),
            BaselineOutcome::Unknown => {
                (vec!["not every platform could be verified".to_owned()], Vec::new())
            }
        };
        let (subject, verdict) = (report.file.clone(), report.verdict());
        Self { subject, verdict, blocked, problems, of: Of::Comparison }
    }

    fn of_diff(report: &DiffReport) -> Self {
        let subject = format!("{} compared with {}", report.new, report.old);
        let verdict = report.verdict();
        let (blocked, problems, of) = match &report.outcome {
            DiffOutcome::Compared(diff) => {
                let changes = diff.changes.iter().map(Problem::of_change);
                let new = merged_of(&diff.new);
                let new = new.iter().map(|it| Problem::of_finding(it, None));
                let mut problems: Vec<Problem> = changes.chain(new).collect();
                problems.sort_by_key(|it| (!it.is_open(), Reverse(it.severity)));
                let obstacles = diff.obstacles.iter();
                let blocked = obstacles.map(|it| format!("{}: {}", it.platform, it.reason));
                (blocked.collect(), problems, Of::Comparison)
            }
            DiffOutcome::Blocked(_, blocked) => (blocked.chain.clone(), Vec::new(), Of::Nothing),
            DiffOutcome::Incomparable(error) => (vec![error.to_string()], Vec::new(), Of::Nothing),
        };
        Self { subject, verdict, blocked, problems, of }
    }
}

/// How many lines are not the same.
fn changed(difference: &[String]) -> usize {
    difference.iter().filter(|it| it.starts_with(['-', '+'])).count()
}

fn trace(judgement: &Judgement) -> Option<&BuildTrace> {
    match &judgement.judged {
        Whole::Image { provenance: Provenance::Built(trace), .. } => Some(trace),
        Whole::Image { provenance: Provenance::Found, .. } => None,
        Whole::Unbuilt(unbuilt) => Some(&unbuilt.trace),
    }
}
