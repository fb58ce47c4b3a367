//! What the reports for other programs have in common: findings and changes as rows.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::case::ExpectedFinding;
use crate::diff::{Change, Which};
use crate::evidence::build::{BuildTrace, Provenance};
use crate::listing::{Merged, merged_of, merged_of_image};
use crate::oci::Digest;
use crate::outcome::{
    BaselineOutcome, BaselineReport, DiffOutcome, DiffReport, Outcome, SubjectReport, Verification,
};
use crate::platform::Platform;
use crate::rules::{Finding, Origin, Severity};
use crate::text::line;
use crate::verdict::{Judgement, Status, Strictness, VariantJudgement, Verdict, Whole};

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
    /// As the user wrote it; of a comparison, the new image.
    pub(super) subject: String,
    pub(super) verdict: Verdict,
    /// Why something could not be found out; empty where all could.
    pub(super) blocked: Vec<String>,
    /// The worst first.
    pub(super) problems: Vec<Problem>,
    /// Findings of the old image that the new one does not have.
    pub(super) gone: Vec<Problem>,
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
    /// Whether the verdict is `fail` because of it.
    pub(super) fails: bool,
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
    /// What more there is to say, a line each.
    pub(super) details: Vec<String>,
}

/// The fingerprints of a report: services show only the first of those that are the same, so each problem gets
/// its own.
#[derive(Default)]
pub(super) struct Fingerprints(HashMap<String, usize>);

impl Fingerprints {
    pub(super) fn next(&mut self, subject: &str, problem: &Problem) -> String {
        let number = self.0.entry(problem.fingerprint(subject, 0)).or_default();
        let fingerprint = problem.fingerprint(subject, *number);
        *number += 1;
        fingerprint
    }
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
    fn fingerprint(&self, subject: &str, number: usize) -> String {
        let platforms: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        let message = crate::diff::stable(&self.message);
        let subject = subject.strip_prefix("./").unwrap_or(subject);
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

    fn of_finding(merged: &Merged<'_>, trace: Option<&BuildTrace>, strictness: Strictness) -> Self {
        let Finding { rule, severity, location, suggestion, .. } = &merged.judged.finding;
        let accepted = match &merged.judged.status {
            Status::Open => String::new(),
            Status::Expected => "expected".to_owned(),
            Status::Allowed { reason } => line(reason),
        };
        let place = match location.position() {
            Some(it) => Place::Dockerfile {
                file: from_here(&it.dockerfile),
                line: it.line,
                column: it.column,
            },
            None => trace.map_or(Place::Subject, |it| written_by(location.layer(), it)),
        };
        Self {
            severity: *severity,
            name: rule.to_string(),
            source: Source::Rule,
            fails: accepted.is_empty() && *severity >= strictness.least_failing(),
            accepted,
            platforms: merged.platforms.clone(),
            path: location.path().unwrap_or_default().to_owned(),
            place,
            message: merged.message(),
            help: suggestion.as_deref().map(line).unwrap_or_default(),
            details: Vec::new(),
        }
    }

    /// A finding that a case expects and nothing found.
    fn missed(expected: &ExpectedFinding) -> Self {
        Self {
            severity: Severity::Error,
            name: expected.rule().to_string(),
            source: Source::Rule,
            fails: true,
            accepted: String::new(),
            platforms: expected.platform().into_iter().collect(),
            path: String::new(),
            place: Place::Subject,
            message: format!("expected, but not found: {}", line(&expected.to_string())),
            help: String::new(),
            details: Vec::new(),
        }
    }

    fn of_change(change: &Change, trace: Option<&BuildTrace>, strictness: Strictness) -> Self {
        Self {
            severity: change.severity,
            name: change.kind.to_string(),
            source: Source::Change,
            fails: change.severity >= strictness.least_failing(),
            accepted: String::new(),
            platforms: change.platforms.clone(),
            path: change.path.clone().unwrap_or_default(),
            place: trace.map_or(Place::Subject, |it| written_by(None, it)),
            message: line(&change.message),
            help: String::new(),
            details: change.details.iter().map(|it| line(it)).collect(),
        }
    }
}

/// The line of the Dockerfile that wrote a layer, by what the config's history calls it; else its first.
fn written_by(layer: Option<&Origin>, trace: &BuildTrace) -> Place {
    let wanted = layer.map(|it| instruction(&it.created_by)).unwrap_or_default();
    let mut steps = trace.steps.iter().filter(|it| instruction(&it.instruction) == wanted);
    let line = steps.find_map(|it| it.lines).map_or(1, |it| it.first);
    Place::Dockerfile { file: from_here(&trace.recipe.name), line, column: 1 }
}

/// Services compare paths by their letters.
fn from_here(file: &str) -> String {
    file.strip_prefix("./").unwrap_or(file).to_owned()
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
                let strictness = verification.strictness;
                let subjects = verification.subjects.iter();
                subjects.map(|it| Sheet::of_subject(it, strictness)).chain(baseline).collect()
            }
            Self::Diff(report) => vec![Sheet::of_diff(report)],
        }
    }
}

impl<'a> Sheet<'a> {
    fn of_subject(report: &'a SubjectReport, strictness: Strictness) -> Self {
        let (subject, verdict) = (report.subject.clone(), report.verdict());
        let empty = Self {
            subject,
            verdict,
            blocked: Vec::new(),
            problems: Vec::new(),
            gone: Vec::new(),
            of: Of::Nothing,
        };
        match &report.outcome {
            Outcome::Judged(judgement) => {
                let trace = trace(judgement);
                let merged = merged_of_image(judgement);
                let problems = merged.iter().map(|it| Problem::of_finding(it, trace, strictness));
                let problems = problems.chain(judgement.missed.iter().map(Problem::missed));
                let (problems, of) = (problems.collect(), Of::Judgement(judgement));
                Self { problems, blocked: obstacles(judgement), of, ..empty }
            }
            Outcome::Linted(judgement) => {
                let merged = merged_of(&judgement.findings);
                let problems = merged.iter().map(|it| Problem::of_finding(it, None, strictness));
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
            fails: true,
            accepted: String::new(),
            platforms: Vec::new(),
            path: String::new(),
            place: Place::Dockerfile { file: report.file.clone(), line: 1, column: 1 },
            message: format!("{} lines differ from the baseline", changed(lines)),
            help: "accept the difference with --update-baseline".to_owned(),
            details: lines.to_vec(),
        };
        let (blocked, problems) = match &report.outcome {
            BaselineOutcome::Same | BaselineOutcome::Written => (Vec::new(), Vec::new()),
            BaselineOutcome::Differs(lines) => (Vec::new(), vec![problem(lines)]),
            BaselineOutcome::Unknown => {
                (vec!["not every platform could be verified".to_owned()], Vec::new())
            }
        };
        let (subject, verdict) = (report.file.clone(), report.verdict());
        Self { subject, verdict, blocked, problems, gone: Vec::new(), of: Of::Comparison }
    }

    fn of_diff(report: &DiffReport) -> Self {
        let verdict = report.verdict();
        let which = |it| match it {
            Which::Old => &report.old,
            Which::New => &report.new,
        };
        let (mut gone, mut blocked, mut problems, mut of) =
            (Vec::new(), Vec::new(), Vec::new(), Of::Nothing);
        match &report.outcome {
            DiffOutcome::Compared { diff, trace } => {
                let (trace, strictness) = (trace.as_deref(), report.strictness);
                let of_finding = |it: &Merged<'_>| Problem::of_finding(it, trace, strictness);
                problems.extend(
                    diff.changes.iter().map(|it| Problem::of_change(it, trace, strictness)),
                );
                problems.extend(merged_of(&diff.new).iter().map(of_finding));
                problems.sort_by_key(|it| (!it.is_open(), Reverse(it.severity)));
                gone.extend(merged_of(&diff.gone).iter().map(of_finding));
                let obstacles = diff.obstacles.iter();
                blocked
                    .extend(obstacles.map(|it| {
                        format!("{} of {}: {}", it.platform, which(it.image), it.reason)
                    }));
                of = Of::Comparison;
            }
            DiffOutcome::Blocked(image, why) => {
                blocked.push(which(*image).clone());
                blocked.extend(why.chain.clone());
            }
            DiffOutcome::Incomparable(error) => blocked.push(error.to_string()),
        }
        Self { subject: report.new.clone(), verdict, blocked, problems, gone, of }
    }
}

/// How many lines are not the same.
fn changed(difference: &[String]) -> usize {
    difference.iter().filter(|it| it.starts_with(['-', '+'])).count()
}

/// Why platforms could not be verified.
fn obstacles(judgement: &Judgement) -> Vec<String> {
    let of_variant = |it: &VariantJudgement| {
        let platform = it.platform;
        it.obstacles.iter().map(move |why| format!("{platform}: {why}")).collect::<Vec<_>>()
    };
    judgement.variants.iter().flat_map(of_variant).collect()
}

fn trace(judgement: &Judgement) -> Option<&BuildTrace> {
    match &judgement.judged {
        Whole::Image { provenance: Provenance::Built(trace), .. } => Some(trace),
        Whole::Image { provenance: Provenance::Found, .. } => None,
        Whole::Unbuilt(unbuilt) => Some(&unbuilt.trace),
    }
}
