//! The report for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::findings::{Line, lines};
use super::steps::write_build;
use super::{Blocked, Outcome, Retry, SubjectReport};
use crate::case::Expectation;
use crate::evidence::build::{Provenance, Unbuilt};
use crate::evidence::run::{RunEnd, RunEvidence, RunnerKind};
use crate::processor::CpuModel;
use crate::rules::{Finding, Position, Severity};
use crate::text::{line, printable, styled};
use crate::verdict::{
    DockerfileJudgement, Judged, Judgement, Standing, VariantJudgement, Verdict, Whole,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

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
        Outcome::Judged(judgement) => write_judgement(judgement, to)?,
        Outcome::Linted(judgement) => write_linted(judgement, to)?,
        Outcome::Blocked(blocked) => write_blocked(blocked, to)?,
    }
    writeln!(to)
}

fn write_judgement(judgement: &Judgement, to: &mut dyn Write) -> io::Result<()> {
    write_findings(&judgement.findings, "  ", to)?;
    let width = judgement.variants.iter().map(|it| it.platform.to_string().len()).max();
    for variant in &judgement.variants {
        write_variant(variant, width.unwrap_or(0), to)?;
    }
    match &judgement.judged {
        Whole::Unbuilt(unbuilt) => write_unbuilt(unbuilt, to)?,
        Whole::Image { provenance: Provenance::Built(trace), .. } => write_build(trace, to)?,
        Whole::Image { provenance: Provenance::Found, .. } => {}
    }
    write_missed(&judgement.missed, to)?;
    write_closing(judgement, to)
}

fn write_missed(missed: &[Expectation], to: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(Verdict::Fail);
    for missed in missed {
        let missed = line(&missed.to_string());
        writeln!(to, "  {style}missed{style:#} {missed}: expected, and nobody found it")?;
    }
    Ok(())
}

fn write_linted(judgement: &DockerfileJudgement, to: &mut dyn Write) -> io::Result<()> {
    write_findings(&judgement.findings, "  ", to)?;
    write_missed(&judgement.missed, to)?;
    let style = verdict_style(judgement.verdict);
    let word = verdict_word(judgement.verdict);
    let count = judgement.findings.iter().filter(|it| it.standing == Standing::Open).count();
    let s = if count == 1 { "" } else { "s" };
    writeln!(to, "{style}{word}{style:#}: {count} finding{s}")
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
    write_findings(&variant.findings, "    ", to)?;
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

fn write_findings(findings: &[Judged], indent: &str, to: &mut dyn Write) -> io::Result<()> {
    for line in lines(findings) {
        match line {
            Line::Finding(judged) => write_finding(judged, indent, to)?,
            Line::More { count, is_of_files } => {
                let noun = if is_of_files { "file" } else { "finding" };
                let s = if count == 1 { "" } else { "s" };
                writeln!(to, "{indent}{DIM}and {count} more {noun}{s}: see --output json{DIM:#}")?;
            }
        }
    }
    Ok(())
}

fn write_finding(judged: &Judged, indent: &str, to: &mut dyn Write) -> io::Result<()> {
    let Finding { rule, severity, location, message, suggestion, .. } = &judged.finding;
    let style = match judged.standing {
        Standing::Open => severity_style(*severity),
        Standing::Expected | Standing::Allowed { .. } => DIM,
    };
    let accepted = match &judged.standing {
        Standing::Open => String::new(),
        Standing::Expected => " (expected)".to_owned(),
        Standing::Allowed { reason } => format!(" (allowed: {})", line(reason)),
    };
    let path = location.path().map(str::to_owned);
    let path = path.or_else(|| location.position().map(Position::to_string));
    let path = path.map_or_else(String::new, |it| format!(" {}", line(&it)));
    let colon = if path.is_empty() { ": " } else { " " };
    let message = line(message);
    writeln!(
        to,
        "{indent}{style}{severity}{style:#} {BOLD}{rule}{BOLD:#}{path}{colon}{message}{accepted}"
    )?;
    if let Some(suggestion) = suggestion {
        writeln!(to, "{indent}  {DIM}help: {}{DIM:#}", line(suggestion))?;
    }
    if let Some(origin) = location.layer() {
        let step = if origin.created_by.is_empty() {
            String::new()
        } else {
            format!(": {}", line(&origin.created_by))
        };
        writeln!(to, "{indent}  {DIM}from layer {}{step}{DIM:#}", origin.number + 1)?;
    }
    Ok(())
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
    let count = |word| judgement.variants.iter().filter(|it| variant_word(it) == word).count();
    let total = judgement.variants.len();
    let platforms = if total == 1 { "platform" } else { "platforms" };
    write!(to, "{style}{word}{style:#}: {} of {total} {platforms} passed", count("pass"))?;
    if count("caught") > 0 {
        write!(to, ", {} caught as expected", count("caught"))?;
    }
    if count("blocked") > 0 {
        write!(to, ", {} could not be verified", count("blocked"))?;
    }
    writeln!(to, " {DIM}({digest}){DIM:#}")
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
    let is_caught = variant.findings.iter().any(|it| it.standing == Standing::Expected);
    match variant.verdict {
        Verdict::Pass if is_caught => "caught",
        verdict => verdict_word(verdict),
    }
}

const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Blocked => "blocked",
    }
}

const fn verdict_style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Fail => AnsiColor::Red,
        Verdict::Blocked => AnsiColor::Yellow,
    };
    color.on_default().bold()
}

const fn severity_style(severity: Severity) -> Style {
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
    use crate::evidence::image::BlobRole;
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
        report_of(&Image::of([Variant::healthy("linux/arm64").layer(layer)]))
    }

    fn report_of(image: &Image) -> SubjectReport {
        let image = image.inspect(&[]);
        let unwanted = |it: &crate::evidence::image::Variant| (it.entry, Err(NotRun::Unwanted));
        let runs = image.variants.iter().map(unwanted).collect();
        let evidence = Evidence { image, runs, provenance: Provenance::Found };
        let (run, trace) = (RunExpectation::default(), TraceExpectation::default());
        let findings =
            check(&evidence, &Expectations { arguments: Arguments::Default, run, trace });
        let known = Known { allow: &[], expect: &[], strictness: Strictness::Normal };
        let outcome = Outcome::Judged(Judgement::of(&evidence, findings, known));
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
        assert_eq!(of_kind("is for EM_X86_64"), 10, "{text}");
        assert_eq!(of_kind("is for EM_386"), 1, "{text}");
        assert_eq!(of_kind("and 113 more files: see --output json"), 1, "{text}");
        let mut json = Vec::new();
        write_json(&[report], &mut json).expect("in memory");
        let json = String::from_utf8(json).expect("JSON is UTF-8");
        assert_eq!(json.matches("/bin/").count(), 124, "JSON has them all");
    }

    #[test]
    fn what_cannot_be_read_is_told_of_its_platform_alone() {
        let packed = Layer::new().file("data", 0o644, "data").compressed(Compression::Gzip);
        let beside = |arm64: Variant| Image::of([Variant::healthy("linux/amd64"), arm64]);
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
            said.contains("    error DigestMismatch: the digest of the layer sha256:"),
            "{said}"
        );
        assert!(said.contains("fail: 1 of 2 platforms passed ("), "{said}");
    }

    #[test]
    fn ten_are_not_many() {
        assert!(!text(&report(10)).contains("more file"));
        assert!(text(&report(11)).contains("and 1 more file: see"));
    }
}
