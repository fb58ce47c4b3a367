//! Findings as people read them: the one place where a finding becomes text.
//!
//! The worst come first, and among them those about what the image starts. A finding that several
//! platforms have is one entry, and so are many files with one defect below one folder.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::platform::Platform;
use crate::rules::{Finding, Location, Position, Rule, Severity};
use crate::sentence::list;
use crate::text::line;
use crate::verdict::{DockerfileJudgement, Judged, Judgement, Status, VariantJudgement};

/// A finding, or several alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whether it counts.
    pub status: Status,
    /// How bad it is.
    pub severity: Severity,
    /// The rule that found it.
    pub rule: Rule,
    /// Where it is: `Dockerfile:6:5`, `/usr/bin/tool (linux/arm64)`, `linux/arm64`, `index`.
    pub place: String,
    /// The defect in words.
    pub message: String,
    /// What to do, the layer, how many more there are: a line each.
    pub notes: Vec<String>,
}

/// `Dockerfile:6:5: error[PlatformArgShadowed]: …`, and a line for each note.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, severity, rule, message, notes, .. } = self;
        write!(f, "{place}: {severity}[{rule}]: {message}{}", self.acceptance())?;
        notes.iter().try_for_each(|it| write!(f, "\n  {it}"))
    }
}

impl Entry {
    /// Why it does not count, as the end of its line; empty where it does.
    #[must_use]
    pub fn acceptance(&self) -> String {
        match &self.status {
            Status::Open => String::new(),
            Status::Expected => " (expected)".to_owned(),
            Status::Allowed { reason } => format!(" (allowed: {})", line(reason)),
        }
    }
}

/// The entries of an image, or a build that failed.
#[must_use]
pub fn image_entries(judgement: &Judgement) -> Vec<Entry> {
    limit(fold(&merged_of_image(judgement)))
}

/// The findings of an image, or a build that failed, the most important first.
#[must_use]
pub fn merged_of_image(judgement: &Judgement) -> Vec<Merged<'_>> {
    let findings: Vec<&Judged> = judgement.all_findings().collect();
    let of_variant = |it: &VariantJudgement| {
        let platform = it.platform;
        it.started.clone().into_iter().map(move |path| (platform, path.to_string()))
    };
    let started: BTreeSet<(Platform, String)> =
        judgement.variants.iter().flat_map(of_variant).collect();
    merged(&findings, &|it| {
        let file = it.platform().zip(it.path().map(str::to_owned));
        file.is_some_and(|it| started.contains(&it))
    })
}

/// The entries of a Dockerfile.
#[must_use]
pub fn dockerfile_entries(judgement: &DockerfileJudgement) -> Vec<Entry> {
    judged_entries(&judgement.findings)
}

/// The entries of findings that all count.
#[must_use]
pub fn entries_of(findings: &[Finding]) -> Vec<Entry> {
    let judged = |it: &Finding| Judged { finding: it.clone(), status: Status::Open };
    judged_entries(&findings.iter().map(judged).collect::<Vec<_>>())
}

/// The entries of findings that may be accepted.
#[must_use]
pub fn judged_entries(findings: &[Judged]) -> Vec<Entry> {
    limit(fold(&merged_of(findings)))
}

/// Findings that may be accepted, the most important first.
#[must_use]
pub fn merged_of(findings: &[Judged]) -> Vec<Merged<'_>> {
    merged(&findings.iter().collect::<Vec<_>>(), &|_| false)
}

/// Findings, the most important first. `is_started` tells of a finding whether it is about a file that
/// the image starts.
fn merged<'a>(findings: &[&'a Judged], is_started: &dyn Fn(&Finding) -> bool) -> Vec<Merged<'a>> {
    let mut merged = merge(findings);
    merged.sort_by_cached_key(|it| {
        let finding = it.finding();
        let (severity, started) = (Reverse(finding.severity), !is_started(finding));
        (status_rank(it), severity, started, finding.rule, finding.location.clone())
    });
    merged
}

/// A finding with all platforms that have it.
#[derive(Debug)]
pub struct Merged<'a> {
    /// The finding of the first of them.
    pub judged: &'a Judged,
    /// The platforms.
    pub platforms: Vec<Platform>,
    /// The message without the name of the finding's own platform.
    segments: Vec<&'a str>,
}

impl<'a> Merged<'a> {
    /// The defect in words, with the names of all platforms.
    #[must_use]
    pub fn message(&self) -> String {
        line(&self.segments.join(&list(&self.platforms)))
    }

    fn finding(&self) -> &'a Finding {
        &self.judged.finding
    }
}

/// What makes two findings one but for the platform.
type Likeness<'a> = (
    Rule,
    Severity,
    (u8, &'a str),
    Option<&'a str>,
    Option<&'a Position>,
    (Vec<&'a str>, Option<&'a str>, Option<usize>),
);

fn merge<'a>(findings: &[&'a Judged]) -> Vec<Merged<'a>> {
    let mut found: BTreeMap<Likeness<'a>, Merged<'a>> = BTreeMap::new();
    for judged in findings {
        let Finding { rule, severity, location, message, suggestion, .. } = &judged.finding;
        let segments = split(message, location.platform());
        let layer = location.layer().map(|it| it.number);
        let key = (
            *rule,
            *severity,
            status(&judged.status),
            location.path(),
            location.position(),
            (segments.clone(), suggestion.as_deref(), layer),
        );
        let new = || Merged { judged, platforms: Vec::new(), segments };
        let merged = found.entry(key).or_insert_with(new);
        // Several of one platform are alike only where the index itself is wrong.
        merged.platforms.extend(location.platform().filter(|it| !merged.platforms.contains(it)));
    }
    found.into_values().collect()
}

/// Cuts a text at each place where a platform is named.
fn split(text: &str, platform: Option<Platform>) -> Vec<&str> {
    let Some(platform) = platform.map(|it| it.to_string()) else { return vec![text] };
    let continues = |it: char| it.is_ascii_alphanumeric() || it == '/';
    let mut segments = Vec::new();
    let mut start = 0;
    for (at, name) in text.match_indices(&platform) {
        let end = at + name.len();
        let is_longer = text[end..].starts_with(continues) || text[..at].ends_with(continues);
        if !is_longer {
            segments.push(&text[start..at]);
            start = end;
        }
    }
    segments.push(&text[start..]);
    segments
}

/// What tells standings apart, those that count first.
fn status(status: &Status) -> (u8, &str) {
    match status {
        Status::Open => (0, ""),
        Status::Expected => (1, ""),
        Status::Allowed { reason } => (2, reason),
    }
}

fn status_rank(merged: &Merged<'_>) -> u8 {
    status(&merged.judged.status).0
}

/// Of the files with one defect, as many are shown.
const SHOWN_FILES: usize = 3;

/// What files of one cause have in common.
type Cause<'a> = (Rule, Severity, (u8, &'a str), &'a [Platform], &'a [&'a str], usize);

/// Makes entries, of which the last of many files stands for the others.
fn fold(merged: &[Merged<'_>]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut groups: HashMap<Cause<'_>, Vec<&Merged<'_>>> = HashMap::new();
    let mut last: HashMap<Cause<'_>, usize> = HashMap::new();
    for it in merged {
        let Some(cause) = cause(it) else {
            entries.push(entry(it));
            continue;
        };
        let group = groups.entry(cause).or_default();
        group.push(it);
        if group.len() <= SHOWN_FILES {
            last.insert(cause, entries.len());
            entries.push(entry(it));
        }
    }
    for (cause, group) in groups {
        let rest = group.get(SHOWN_FILES..).unwrap_or_default();
        let shown = last.get(&cause).and_then(|it| entries.get_mut(*it));
        let paths = rest.iter().map(|it| it.finding().path().unwrap_or_default());
        if let (Some(entry), Some(folder)) = (shown, common_folder(paths)) {
            let files = if rest.len() == 1 { "file" } else { "files" };
            let layer = cause.5 + 1;
            let more = format!("and {} more {files} below {folder}, layer {layer}", rest.len());
            entry.notes.push(more);
        }
    }
    entries
}

fn cause<'a>(it: &'a Merged<'_>) -> Option<Cause<'a>> {
    let finding = it.finding();
    let layer = finding.location.layer()?.number;
    let status = status(&it.judged.status);
    Some((finding.rule, finding.severity, status, &it.platforms, &it.segments, layer))
}

/// The deepest folder that all files lie below; nothing where there are none.
pub(crate) fn common_folder<'a>(paths: impl Iterator<Item = &'a str>) -> Option<String> {
    let folder = |path: &str| path.rsplit_once('/').map_or("", |it| it.0).to_owned();
    let common = paths.map(folder).reduce(|one, other| {
        let parts = one.split('/').zip(other.split('/')).take_while(|(one, other)| one == other);
        parts.map(|it| it.0).collect::<Vec<_>>().join("/")
    })?;
    Some(if common.is_empty() { "/".to_owned() } else { line(&common) })
}

/// Of one rule and severity, as many entries are shown.
const SHOWN_ENTRIES: usize = 10;

/// Leaves out what is too much of one rule.
fn limit(entries: Vec<Entry>) -> Vec<Entry> {
    let kind = |it: &Entry| (it.rule, it.severity, status(&it.status).0);
    let mut counts: HashMap<_, usize> = HashMap::new();
    let mut last: HashMap<_, usize> = HashMap::new();
    let mut shown: Vec<Entry> = Vec::new();
    for entry in entries {
        let kind = kind(&entry);
        let count = counts.entry(kind).or_default();
        *count += 1;
        if *count <= SHOWN_ENTRIES {
            last.insert(kind, shown.len());
            shown.push(entry);
        }
    }
    for (kind, count) in counts {
        let more = count.saturating_sub(SHOWN_ENTRIES);
        let entry = last.get(&kind).and_then(|it| shown.get_mut(*it));
        if let Some(entry) = entry.filter(|_| more > 0) {
            let findings = if more == 1 { "finding" } else { "findings" };
            let all = "`--output json` lists all";
            entry.notes.push(format!("and {more} more {findings} of this rule: {all}"));
        }
    }
    shown
}

fn entry(merged: &Merged<'_>) -> Entry {
    let Finding { rule, severity, location, suggestion, .. } = merged.finding();
    let help = suggestion.as_ref().map(|it| format!("help: {}", line(it)));
    let layer = location.layer().map(|it| {
        let step = if it.created_by.is_empty() { "" } else { ": " };
        format!("from layer {}{step}{}", it.number + 1, line(&it.created_by))
    });
    Entry {
        status: merged.judged.status.clone(),
        severity: *severity,
        rule: *rule,
        place: place(location, &merged.platforms),
        message: merged.message(),
        notes: help.into_iter().chain(layer).collect(),
    }
}

fn place(location: &Location, platforms: &[Platform]) -> String {
    let all = || platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match location {
        Location::Index => "index".to_owned(),
        Location::Variant { .. } => all(),
        Location::File { path, .. } => format!("{} ({})", line(path), all()),
        Location::Dockerfile(position) | Location::Step { position: Some(position), .. } => {
            line(&position.to_string())
        }
        Location::Step { position: None, .. } => "build".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Evidence;
    use crate::evidence::build::Provenance;
    use crate::expectation::{Expectations, RunExpectation, TraceExpectation};
    use crate::fixture::{Image, Layer, Variant, library, program};
    use crate::launch::Arguments;
    use crate::rules::check;

    fn findings(image: &Image) -> Vec<Finding> {
        let image = image.inspect(&[]);
        let evidence = Evidence { image, runs: BTreeMap::new(), provenance: Provenance::Found };
        let (run, trace) = (RunExpectation::default(), TraceExpectation::default());
        check(&evidence, &Expectations { arguments: Arguments::Default, run, trace })
    }

    fn text(image: &Image) -> String {
        let entries = entries_of(&findings(image));
        let lines: Vec<String> = entries.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn a_finding_of_several_platforms_is_one() {
        let helper = || Layer::new().executable("opt/helper", program("linux/amd64"));
        let variants = ["linux/arm64", "linux/amd64", "linux/arm/v7"];
        let image = Image::new(variants.map(|it| Variant::healthy(it).layer(helper())));
        assert_eq!(
            text(&image),
            "/opt/helper (linux/arm/v7, linux/arm64): error[ElfMachineMismatch]: the file is built for \
             EM_X86_64; linux/arm/v7 and linux/arm64 cannot run it\n  from layer 2"
        );
    }

    #[test]
    fn many_files_of_one_cause_are_one() {
        let names = (0..40).map(|it| format!("usr/lib/x/{it:02}.so"));
        let layer = names
            .fold(Layer::new().executable("opt/a", program("linux/amd64")), |layer, it| {
                layer.file(&it, 0o644, library("linux/amd64"))
            });
        let layer = layer.executable("usr/bin/app", program("linux/amd64"));
        let image = Image::new([Variant::healthy("linux/arm64").layer(layer)]);
        let findings = findings(&image);
        let judged = |it: &Finding| Judged { finding: it.clone(), status: Status::Open };
        let judged: Vec<Judged> = findings.iter().map(judged).collect();
        let is_started = |it: &Finding| it.path() == Some("/usr/bin/app");
        let entries = limit(fold(&merged(&judged.iter().collect::<Vec<_>>(), &is_started)));
        let places: Vec<&str> = entries.iter().map(|it| it.place.as_str()).collect();
        let of = |path: &str| format!("{path} (linux/arm64)");
        assert_eq!(places, [of("/usr/bin/app"), of("/opt/a"), of("/usr/lib/x/00.so")]);
        assert_eq!(entries[2].notes[1..], ["and 39 more files below /usr/lib/x, layer 2"]);
    }

    #[test]
    fn a_platform_is_told_apart_from_one_whose_name_begins_with_its() {
        let amd64 = "linux/amd64".parse().ok();
        assert_eq!(
            split("for linux/amd64/v2, not linux/amd64", amd64),
            ["for linux/amd64/v2, not ", ""]
        );
        assert_eq!(split("nothing", amd64), ["nothing"]);
    }

    #[test]
    fn what_an_image_says_stays_in_its_line() {
        let layer = Layer::new().executable("a\n\u{1b}[31mb", program("linux/amd64"));
        let image = Image::new([Variant::healthy("linux/arm64").layer(layer)]);
        let text = text(&image);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
