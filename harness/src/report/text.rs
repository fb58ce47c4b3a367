//! The report for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::steps::write_build;
use crate::blocked::{Blocked, Retry};
use crate::case::ExpectedFinding;
use crate::evidence::build::{Provenance, Unbuilt};
use crate::evidence::run::{RunEnd, RunEvidence, RunnerKind};
use crate::listing::{Entry, dockerfile_entries, image_entries};
use crate::outcome::{BaselineOutcome, BaselineReport, Outcome, SubjectReport, Verification};
use crate::processor::CpuModel;
use crate::rules::Severity;
use crate::text::{line, printable, styled};
use crate::verdict::{
    DockerfileJudgement, Judged, Judgement, Status, VariantJudgement, Verdict, Whole,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Writes the report of each subject, with an empty line between two, and the comparison with a baseline.
/// Colours are escape sequences, as in [`write_text`].
///
/// # Errors
///
/// The writer's.
pub fn write_verification(verification: &Verification, to: &mut dyn Write) -> io::Result<()> {
    for (number, report) in verification.subjects.iter().enumerate() {
        if number > 0 {
            writeln!(to)?;
        }
        write_text(report, to)?;
    }
    match &verification.baseline {
        Some(baseline) => {
            let mut text = Vec::new();
            write_baseline(baseline, &mut text)?;
            to.write_all(styled(&text).as_bytes())
        }
        None => Ok(()),
    }
}

fn write_baseline(report: &BaselineReport, to: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(report.verdict());
    let word = verdict_word(report.verdict());
    let file = line(&report.file);
    let why = match &report.outcome {
        BaselineOutcome::Same => format!("the image is what {file} says"),
        BaselineOutcome::Written => format!("{file} was written; review it and commit it"),
        BaselineOutcome::Unknown => {
            format!("not compared with {file}, because not every platform could be verified")
        }
        BaselineOutcome::Differs(lines) => {
            writeln!(to, "\n{BOLD}{file}{BOLD:#}")?;
            for line in lines {
                writeln!(to, "| {}", printable(line.as_bytes()))?;
            }
            format!("the image differs from {file}; if it should, accept it with --update-baseline")
        }
    };
    writeln!(to, "{style}{word}{style:#}: {why}")
}

/// Writes a subject's report. Colours are escape sequences: a writer that is no terminal strips
/// them.
///
/// # Errors
///
/// The writer's.
pub fn write_text(report: &SubjectReport, to: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    write_report(report, &mut text)?;
    // What is put in by somebody who forgot whose words they are is made printable here.
    to.write_all(styled(&text).as_bytes())
}

fn write_report(report: &SubjectReport, to: &mut dyn Write) -> io::Result<()> {
    write!(to, "{BOLD}{}{BOLD:#}", line(&report.subject))?;
    if !report.summary.is_empty() {
        write!(to, "  {DIM}{}{DIM:#}", line(&report.summary))?;
    }
    writeln!(to)?;
    match &report.outcome {
        Outcome::Judged(judgement) => write_judgement(judgement, to),
        Outcome::Linted(judgement) => write_linted(judgement, to),
        Outcome::Blocked(blocked) => write_blocked(blocked, to),
    }
}

fn write_judgement(judgement: &Judgement, to: &mut dyn Write) -> io::Result<()> {
    let width = judgement.variants.iter().map(|it| it.platform.to_string().len()).max();
    for variant in &judgement.variants {
        write_variant(variant, width.unwrap_or(0), to)?;
    }
    write_entries(&image_entries(judgement), to)?;
    match &judgement.judged {
        Whole::Unbuilt(unbuilt) => write_unbuilt(unbuilt, to)?,
        Whole::Image { provenance: Provenance::Built(trace), .. } => write_build(trace, to)?,
        Whole::Image { provenance: Provenance::Found, .. } => {}
    }
    write_missed(&judgement.missed, to)?;
    write_closing(judgement, to)
}

fn write_missed(missed: &[ExpectedFinding], to: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(Verdict::Fail);
    for missed in missed {
        let missed = line(&missed.to_string());
        writeln!(to, "  {style}missed{style:#} {missed}: expected, but not found")?;
    }
    Ok(())
}

fn write_linted(judgement: &DockerfileJudgement, to: &mut dyn Write) -> io::Result<()> {
    write_entries(&dockerfile_entries(judgement), to)?;
    write_missed(&judgement.missed, to)?;
    let style = verdict_style(judgement.verdict);
    let word = verdict_word(judgement.verdict);
    let counts = counts(&judgement.findings.iter().collect::<Vec<_>>());
    let accepted = judgement.findings.iter().filter(|it| it.status != Status::Open).count();
    let summary = match (counts.as_str(), accepted) {
        ("", 0) => "no findings".to_owned(),
        ("", accepted) => format!("no findings but {accepted} expected or allowed"),
        (counts, _) => counts.to_owned(),
    };
    writeln!(to, "{style}{word}{style:#}: {summary}")
}

fn write_variant(variant: &VariantJudgement, width: usize, to: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(variant.verdict);
    let word = variant_word(variant);
    write!(to, "  {style}{word:<7}{style:#} {:<width$}", variant.platform)?;
    match (variant.runs.as_slice(), &variant.not_run) {
        ([], None) => writeln!(to, "  {DIM}not run{DIM:#}")?,
        ([], Some(why)) => writeln!(to, "  {DIM}not run: {}{DIM:#}", line(&why.to_string()))?,
        (runs, _) => {
            let runs: Vec<String> = runs.iter().map(describe_run).collect();
            writeln!(to, "  {DIM}{}{DIM:#}", runs.join("; "))?;
        }
    }
    for obstacle in &variant.obstacles {
        let obstacle = printable(obstacle.as_bytes());
        writeln!(to, "    {}", obstacle.replace('\n', "\n    "))?;
    }
    Ok(())
}

fn describe_run(run: &RunEvidence) -> String {
    let command = line(&run.command.join(" "));
    let cpu = match (&run.cpu, run.runner) {
        (CpuModel::Default, _) => String::new(),
        (model @ CpuModel::Named(_), RunnerKind::Sandbox) => {
            format!(" on {}", line(&model.brief()))
        }
        // A program in a container may have chosen another for its children.
        (CpuModel::Named(name), RunnerKind::Engine) => format!(" with QEMU_CPU={}", line(name)),
    };
    let verb = match run.end {
        RunEnd::EmulatorMissing { .. }
        | RunEnd::SandboxFault { .. }
        | RunEnd::EngineFault { .. } => "was not run".to_owned(),
        _ => format!("ran {}{cpu}", run.execution),
    };
    format!("`{command}` {verb}: {}", printable(run.end.to_string().as_bytes()))
}

fn write_entries(entries: &[Entry], to: &mut dyn Write) -> io::Result<()> {
    entries.iter().try_for_each(|it| write_entry(it, "", to))
}

/// Writes a finding; `mark` ends its line.
pub(super) fn write_entry(entry: &Entry, mark: &str, to: &mut dyn Write) -> io::Result<()> {
    let Entry { status, severity, rule, place, message, notes } = entry;
    let style = match status {
        Status::Open => severity_style(*severity),
        Status::Expected | Status::Allowed { .. } => DIM,
    };
    let acceptance = entry.acceptance();
    writeln!(
        to,
        "{BOLD}{place}{BOLD:#}: {style}{severity}[{rule}]{style:#}: {message}{acceptance}{mark}"
    )?;
    notes.iter().try_for_each(|it| writeln!(to, "  {DIM}{it}{DIM:#}"))
}

/// How many findings count, by their severity: `2 errors, 1 warning`.
fn counts(findings: &[&Judged]) -> String {
    let count = |severity| {
        let counts = |it: &&&Judged| it.status == Status::Open && it.finding.severity == severity;
        match findings.iter().filter(counts).count() {
            0 => None,
            1 => Some(format!("1 {severity}")),
            count => Some(format!("{count} {severity}s")),
        }
    };
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    counts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What stands where the build failed, what the step said, and how far the others came.
fn write_unbuilt(unbuilt: &Unbuilt, to: &mut dyn Write) -> io::Result<()> {
    let failure = &unbuilt.failure;
    let first = failure.lines.map_or(1, |it| it.first);
    for (number, source) in (first..).zip(&failure.source) {
        writeln!(to, "    {DIM}{number} |{DIM:#} {}", printable(source.as_bytes()))?;
    }
    if !failure.log.is_empty() {
        writeln!(to, "  the end of its log:")?;
    }
    for said in &failure.log {
        writeln!(to, "    {DIM}|{DIM:#} {}", printable(said.as_bytes()))?;
    }
    write_build(&unbuilt.trace, to)
}

fn write_closing(judgement: &Judgement, to: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(judgement.verdict);
    let word = verdict_word(judgement.verdict);
    let digest = match &judgement.judged {
        Whole::Image { digest, .. } => digest,
        Whole::Unbuilt(_) if judgement.verdict == Verdict::Pass => {
            return writeln!(to, "{style}{word}{style:#}: the build fails, as expected");
        }
        Whole::Unbuilt(_) => {
            return writeln!(to, "{style}{word}{style:#}: the build failed, there is no image");
        }
    };
    writeln!(to, "{style}{word}{style:#}: {} {DIM}({digest}){DIM:#}", summary(judgement))
}

/// How many platforms passed, and what failed otherwise.
fn summary(judgement: &Judgement) -> String {
    let count = |word| judgement.variants.iter().filter(|it| variant_word(it) == word).count();
    let total = judgement.variants.len();
    let platforms = if total == 1 { "platform" } else { "platforms" };
    // Where no platform fails by itself, the image as a whole does.
    if judgement.verdict == Verdict::Fail && count("fail") == 0 {
        let whole = counts(&judgement.findings.iter().collect::<Vec<_>>());
        let missed = judgement.missed.len();
        let missed = (missed > 0).then(|| format!("{missed} expected and not found"));
        let whole = (!whole.is_empty()).then_some(whole);
        let reasons: Vec<String> = whole.into_iter().chain(missed).collect();
        return format!("{} in the image as a whole", reasons.join(", "));
    }
    let mut parts = vec![format!("{} of {total} {platforms} passed", count("pass"))];
    let others = [
        ("fail", "failed"),
        ("caught", "caught as expected"),
        ("blocked", "could not be verified"),
    ];
    for (word, what) in others {
        if count(word) > 0 {
            parts.push(format!("{} {what}", count(word)));
        }
    }
    parts.join(", ")
}

pub(super) fn write_blocked(blocked: &Blocked, to: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(Verdict::Blocked);
    write!(to, "{style}blocked{style:#}: ")?;
    for (depth, cause) in blocked.chain.iter().enumerate() {
        let joint = if depth == 0 { "" } else { "\n  because: " };
        // An excerpt or a log stands on lines of its own.
        write!(to, "{joint}{}", printable(cause.as_bytes()).replace('\n', "\n  "))?;
    }
    writeln!(to)?;
    if blocked.retry == Retry::Sensible {
        writeln!(to, "  trying again may help")?;
    }
    Ok(())
}

/// A variant that has what its case expects is no good image.
fn variant_word(variant: &VariantJudgement) -> &'static str {
    let is_caught = variant.findings.iter().any(|it| it.status == Status::Expected);
    match variant.verdict {
        Verdict::Pass if is_caught => "caught",
        verdict => verdict_word(verdict),
    }
}

pub(super) const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Blocked => "blocked",
    }
}

pub(super) const fn verdict_style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Fail => AnsiColor::Red,
        Verdict::Blocked => AnsiColor::Yellow,
    };
    color.on_default().bold()
}

pub(super) const fn severity_style(severity: Severity) -> Style {
    let color = match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Blue,
    };
    color.on_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Evidence;
    use crate::evidence::image::{BlobRole, ImageFacts};
    use crate::evidence::run::NotRun;
    use crate::expectation::{Expectations, RunExpectation, TraceExpectation};
    use crate::fixture::{Image, Layer, Lie, Variant, program};
    use crate::launch::Arguments;
    use crate::oci::Compression;
    use crate::report::write_json;
    use crate::rules::check;
    use crate::verdict::{Known, Strictness};

    /// An arm64 image with so many amd64 programs, and an i386 one.
    fn report(count: usize) -> SubjectReport {
        let layer = (0..count).fold(Layer::new(), |layer, number| {
            layer.executable(&format!("bin/{number:03}"), program("linux/amd64"))
        });
        let layer = layer.executable("bin/005-old", program("linux/386"));
        report_of(&Image::new([Variant::healthy("linux/arm64").layer(layer)]))
    }

    fn report_of(image: &Image) -> SubjectReport {
        report_of_facts(image.inspect(&[]))
    }

    fn report_of_facts(image: ImageFacts) -> SubjectReport {
        let unwanted = |it: &crate::evidence::image::Variant| (it.entry, Err(NotRun::Unwanted));
        let runs = image.variants.iter().map(unwanted).collect();
        let evidence = Evidence { image, runs, provenance: Provenance::Found };
        let (run, trace) = (RunExpectation::default(), TraceExpectation::default());
        let findings =
            check(&evidence, &Expectations { arguments: Arguments::Default, run, trace });
        let known = Known { allow: &[], expect: &[], strictness: Strictness::Normal };
        let outcome = Outcome::Judged(Judgement::new(&evidence, findings, known));
        SubjectReport { subject: "oci:image".to_owned(), summary: String::new(), outcome }
    }

    fn text(report: &SubjectReport) -> String {
        let mut bytes = Vec::new();
        write_text(report, &mut bytes).expect("in memory");
        anstream::adapter::strip_bytes(&bytes).into_vec().iter().map(|it| char::from(*it)).collect()
    }

    #[test]
    fn many_findings_of_one_kind_do_not_drown_the_others() {
        let report = report(123);
        let text = text(&report);
        let of_kind = |words: &str| text.lines().filter(|it| it.contains(words)).count();
        assert_eq!(of_kind("is built for EM_X86_64"), 3, "{text}");
        assert_eq!(of_kind("is built for EM_386"), 1, "{text}");
        assert_eq!(of_kind("and 120 more files below /bin, layer 2"), 1, "{text}");
        let mut json = Vec::new();
        write_json(
            &Verification {
                subjects: vec![report],
                baseline: None,
                strictness: Strictness::Normal,
            },
            &mut json,
        )
        .expect("in memory");
        let json = String::from_utf8(json).expect("JSON is UTF-8");
        assert_eq!(json.matches("/bin/").count(), 124, "JSON has them all");
    }

    #[test]
    fn what_cannot_be_read_is_told_of_its_platform_alone() {
        let packed = Layer::new().file("data", 0o644, "data").compressed(Compression::Gzip);
        let beside = |arm64: Variant| Image::new([Variant::healthy("linux/amd64"), arm64]);
        let healthy = Variant::healthy("linux/arm64");
        let cut_off = beside(healthy.clone().false_layer(packed.clone(), Lie::CutOff));
        let text = |image: &Image| text(&report_of(image));
        let said = text(&cut_off);
        assert!(said.contains("  pass    linux/amd64"), "{said}");
        assert!(said.contains("  blocked linux/arm64"), "{said}");
        assert!(said.contains("    cannot read the layer sha256:"), "{said}");
        assert!(
            said.contains("blocked: 1 of 2 platforms passed, 1 could not be verified"),
            "{said}"
        );
        let cracked = beside(healthy.layer(packed))
            .with_blob(BlobRole::Layer, |bytes| bytes.iter().rev().copied().collect());
        let said = text(&cracked);
        assert!(said.contains("  fail    linux/arm64"), "{said}");
        assert!(
            said.contains("linux/arm64: error[DigestMismatch]: the digest of the layer sha256:"),
            "{said}"
        );
        assert!(said.contains("fail: 1 of 2 platforms passed, 1 failed ("), "{said}");
    }

    #[test]
    fn an_image_that_fails_as_a_whole_is_not_said_to_have_passed() {
        let image = Image::new([Variant::healthy("linux/amd64")]);
        let said = text(&report_of_facts(image.inspect(&["linux/amd64", "linux/s390x"])));
        assert!(said.contains("linux/s390x: error[PlatformMissing]: "), "{said}");
        assert!(
            said.contains(
                "
fail: 1 error in the image as a whole ("
            ),
            "{said}"
        );
    }
}
