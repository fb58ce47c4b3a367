//! From findings to a verdict: what was accepted, what was expected, what is left.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::case::{Allow, Case, ExpectedFinding};
use crate::evidence::build::{Provenance, Unbuilt};
use crate::evidence::image::{BlobFault, BlobFaultKind, ImagePath, Unreadable, Variant};
use crate::evidence::run::{NotRun, RunEnd, RunEvidence};
use crate::evidence::{Evidence, Observation};
use crate::expectation::Expectations;
use crate::launch::{Arguments, launches};
use crate::oci::Digest;
use crate::platform::Platform;
use crate::rules::{Finding, Group, Rule, Severity, check, check_unbuilt, keeps_from_running};

/// What a variant or subject came to. Ordered by how much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All that was checked is right, and something was checked.
    Pass,
    /// It could not be found out.
    Blocked,
    /// Something is wrong.
    Fail,
}

/// Which severities fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Errors.
    #[default]
    Normal,
    /// Errors and warnings.
    Strict,
}

impl Strictness {
    /// The least severity that fails.
    #[must_use]
    pub const fn least_failing(self) -> Severity {
        match self {
            Self::Normal => Severity::Error,
            Self::Strict => Severity::Warning,
        }
    }
}

/// What is known about an image beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Findings that are accepted.
    pub allow: &'a [Allow],
    /// Findings that must be there.
    pub expect: &'a [ExpectedFinding],
    /// Which severities fail.
    pub strictness: Strictness,
}

/// An image, judged.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The whole.
    pub verdict: Verdict,
    /// What was judged.
    pub judged: Whole,
    /// Findings about the index or the build.
    pub findings: Vec<Judged>,
    /// The variants, by platform.
    pub variants: Vec<VariantJudgement>,
    /// Expected findings that nobody found: the harness has gone blind, or the case is mended.
    pub missed: Vec<ExpectedFinding>,
}

/// What a subject is as a whole.
#[derive(Clone, Debug)]
pub enum Whole {
    /// An image.
    Image {
        /// The digest of the index.
        digest: Digest,
        /// How it came about.
        provenance: Provenance,
    },
    /// A build that failed.
    Unbuilt(Box<Unbuilt>),
}

/// A Dockerfile, judged by itself.
#[derive(Clone, Debug)]
pub struct DockerfileJudgement {
    /// What it came to.
    pub verdict: Verdict,
    /// Findings about it.
    pub findings: Vec<Judged>,
    /// Expected findings that nobody found.
    pub missed: Vec<ExpectedFinding>,
}

/// A variant, judged.
#[derive(Clone, Debug)]
pub struct VariantJudgement {
    /// Its platform.
    pub platform: Platform,
    /// Its manifest.
    pub digest: Digest,
    /// What it came to.
    pub verdict: Verdict,
    /// Findings about it.
    pub findings: Vec<Judged>,
    /// What its runs showed.
    pub runs: Vec<RunEvidence>,
    /// Why it was not run, where it was not.
    pub not_run: Option<NotRun>,
    /// Why it could not be found out whether it runs; empty where it could.
    pub obstacles: Vec<String>,
    /// The files that the image's command starts.
    pub started: Vec<ImagePath>,
}

/// A finding, with what is to be made of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The defect.
    pub finding: Finding,
    /// Whether it counts.
    pub status: Status,
}

/// Whether a finding counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It counts.
    Open,
    /// The case exists to provoke it.
    Expected,
    /// The case accepts it.
    Allowed {
        /// Why.
        reason: String,
    },
}

impl Judgement {
    /// All findings: those about the image as a whole, then those of each variant.
    pub fn all_findings(&self) -> impl Iterator<Item = &Judged> {
        self.findings.iter().chain(self.variants.iter().flat_map(|it| &it.findings))
    }

    /// Judges an image.
    #[must_use]
    pub fn new(evidence: &Evidence, findings: Vec<Finding>, known: Known<'_>) -> Self {
        let findings = known.without_consequences(findings);
        let missed = known.missed(&findings, &evidence.image.requested);
        let mut index = Vec::new();
        let mut rest = Vec::new();
        for finding in findings {
            let judged = Judged { status: known.status(&finding), finding };
            if is_about_index(&judged.finding, evidence) {
                index.push(judged);
            } else {
                rest.push(judged);
            }
        }
        let image = &evidence.image;
        let readable = image.variants.iter();
        let readable =
            readable.map(|it| VariantJudgement::new(evidence, it, &rest, known.strictness));
        let unreadable = image.unreadable.iter();
        let unreadable = unreadable
            .filter_map(|it| VariantJudgement::of_unreadable(it, &rest, known.strictness));
        let mut variants: Vec<VariantJudgement> = readable.chain(unreadable).collect();
        variants.sort_by_key(|it| it.platform);
        let verdict = overall(&index, &variants, &missed, known.strictness);
        let (digest, provenance) = (evidence.image.digest, evidence.provenance.clone());
        let judged = Whole::Image { digest, provenance };
        Self { verdict, judged, findings: index, variants, missed }
    }

    /// Judges a build that failed. Where the case exists to provoke just that, it passes.
    #[must_use]
    pub fn of_unbuilt(unbuilt: &Unbuilt, findings: Vec<Finding>, known: Known<'_>) -> Self {
        let missed = known.missed(&findings, &unbuilt.requested);
        let of_finding = |finding| Judged { status: known.status(&finding), finding };
        let findings: Vec<Judged> = findings.into_iter().map(of_finding).collect();
        let is_expected =
            |it: &Judged| it.finding.rule == Rule::BuildFailed && it.status == Status::Expected;
        let fails = !missed.is_empty() || findings.iter().any(|it| it.fails(known.strictness));
        let is_caught = findings.iter().any(is_expected) && !fails;
        let verdict = if is_caught { Verdict::Pass } else { Verdict::Fail };
        let judged = Whole::Unbuilt(Box::new(unbuilt.clone()));
        Self { verdict, judged, findings, variants: Vec::new(), missed }
    }
}

impl DockerfileJudgement {
    /// Judges a Dockerfile.
    #[must_use]
    pub fn new(findings: Vec<Finding>, known: Known<'_>) -> Self {
        let is_missed = |it: &&ExpectedFinding| {
            it.rule().group() == Group::Dockerfile
                && !findings.iter().any(|finding| it.is_met_by(finding))
        };
        let missed: Vec<ExpectedFinding> = known.expect.iter().filter(is_missed).cloned().collect();
        let judge = |finding| Judged { status: known.status(&finding), finding };
        let findings: Vec<Judged> = findings.into_iter().map(judge).collect();
        let fails = !missed.is_empty() || findings.iter().any(|it| it.fails(known.strictness));
        let verdict = if fails { Verdict::Fail } else { Verdict::Pass };
        Self { verdict, findings, missed }
    }
}

/// What nobody looks at is not missed. Where nobody chose, every platform is looked at.
fn is_looked_at(platform: Platform, requested: &[Platform]) -> bool {
    requested.is_empty() || requested.contains(&platform)
}

/// A platform that has no variant can only be spoken of at the index; so can one that has two.
fn is_about_index(finding: &Finding, evidence: &Evidence) -> bool {
    match finding.rule {
        Rule::PlatformMissing | Rule::PlatformDuplicate => true,
        _ => {
            let readable = evidence.image.variants.iter().map(|it| Some(it.platform));
            let unreadable = evidence.image.unreadable.iter().map(|it| it.platform);
            finding.platform().is_none()
                || !readable.chain(unreadable).any(|it| it == finding.platform())
        }
    }
}

fn overall(
    index: &[Judged],
    variants: &[VariantJudgement],
    missed: &[ExpectedFinding],
    strictness: Strictness,
) -> Verdict {
    let of_index =
        if index.iter().any(|it| it.fails(strictness)) { Verdict::Fail } else { Verdict::Pass };
    // Nothing checked is never a pass.
    let of_variants = variants.iter().map(|it| it.verdict).max().unwrap_or(Verdict::Blocked);
    let verdict = of_index.max(of_variants);
    match verdict {
        // What a blocked variant would have shown is not missed yet.
        Verdict::Pass if !missed.is_empty() => Verdict::Fail,
        other => other,
    }
}

impl VariantJudgement {
    fn new(
        evidence: &Evidence,
        variant: &Variant,
        findings: &[Judged],
        strictness: Strictness,
    ) -> Self {
        let of_platform = |it: &&Judged| it.finding.platform() == Some(variant.platform);
        let findings: Vec<Judged> = findings.iter().filter(of_platform).cloned().collect();
        let runs = evidence.runs_of(variant).to_vec();
        let mut obstacles: Vec<String> = runs.iter().filter_map(obstacle).collect();
        let not_run = evidence.not_run(variant).cloned();
        if runs.is_empty() {
            obstacles.extend(unexplained(not_run.as_ref(), &findings));
        }
        let verdict = if findings.iter().any(|it| it.fails(strictness)) {
            Verdict::Fail
        } else if obstacles.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Blocked
        };
        Self {
            platform: variant.platform,
            digest: variant.digest,
            verdict,
            findings,
            runs,
            not_run,
            obstacles,
            started: started(variant),
        }
    }
}

/// The files that the image's command starts, whatever arguments it is given.
fn started(variant: &Variant) -> Vec<ImagePath> {
    let launches = launches(variant, &Arguments::Default).into_iter().flatten();
    launches.map(|it| it.file(&variant.files)).collect()
}

/// Why nothing says how a variant runs, where neither the user nor a finding does.
fn unexplained(not_run: Option<&NotRun>, findings: &[Judged]) -> Option<String> {
    match not_run {
        Some(NotRun::Unwanted | NotRun::NoCommand) => None,
        Some(NotRun::Unstartable { .. })
            if findings.iter().any(|it| keeps_from_running(&it.finding)) =>
        {
            None
        }
        Some(why @ (NotRun::Unstartable { .. } | NotRun::OutOfTime { .. })) => {
            Some(format!("it was not run: {why}"))
        }
        None => Some("it was not run, and nothing says why: please report it".to_owned()),
    }
}

impl VariantJudgement {
    /// Judges a variant of which nothing could be read, if it is known for which platform it is. It
    /// never passes, unless the case exists to provoke just that.
    fn of_unreadable(
        variant: &Unreadable,
        findings: &[Judged],
        strictness: Strictness,
    ) -> Option<Self> {
        let platform = variant.platform?;
        let of_platform = |it: &&Judged| it.finding.platform() == Some(platform);
        let findings: Vec<Judged> = findings.iter().filter(of_platform).cloned().collect();
        let is_caught = findings.iter().any(|it| it.status == Status::Expected);
        let mut obstacles: Vec<String> = variant.faults.iter().filter_map(unusable).collect();
        let verdict = if findings.iter().any(|it| it.fails(strictness)) {
            Verdict::Fail
        } else if is_caught && obstacles.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Blocked
        };
        if verdict == Verdict::Blocked && obstacles.is_empty() {
            obstacles
                .push("nothing of it could be verified, because its blobs are not whole".into());
        }
        let (digest, runs) = (variant.digest, Vec::new());
        let started = Vec::new();
        Some(Self { platform, digest, verdict, findings, runs, not_run: None, obstacles, started })
    }
}

/// Why a blob says nothing about the image.
fn unusable(fault: &BlobFault) -> Option<String> {
    match &fault.kind {
        BlobFaultKind::Unusable { .. } => Some(fault.to_string()),
        BlobFaultKind::Missing | BlobFaultKind::Contradicted(_) => None,
    }
}

/// Why a run says nothing about the image, with the way out.
fn obstacle(run: &RunEvidence) -> Option<String> {
    match &run.end {
        RunEnd::Exited { .. } | RunEnd::Signalled { .. } | RunEnd::TimedOut { .. } => None,
        RunEnd::EmulatorMissing { remedy } => Some(remedy.clone()),
        RunEnd::EmulatorFault { message } => Some(format!("the emulator failed: {message}")),
        RunEnd::SandboxFault { message } => Some(format!("it could not be run: {message}")),
        RunEnd::EngineFault { message } => Some(format!("the engine could not run it: {message}")),
    }
}

impl Known<'_> {
    /// The expected findings that are not among these.
    fn missed(&self, findings: &[Finding], requested: &[Platform]) -> Vec<ExpectedFinding> {
        let expected = self
            .expect
            .iter()
            .filter(|it| it.platform().is_none_or(|it| is_looked_at(it, requested)));
        let missed = expected.filter(|it| !findings.iter().any(|finding| it.is_met_by(finding)));
        missed.cloned().collect()
    }

    /// Without what follows from another finding, as long as that one is not accepted.
    fn without_consequences(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let is_open_cause = |it: &&Finding| {
            let is_allowed = matches!(self.status(it), Status::Allowed { .. });
            it.consequence_of.is_none() && it.severity == Severity::Error && !is_allowed
        };
        let causes = findings.iter().filter(is_open_cause).map(|it| (it.rule, it.platform()));
        let causes: BTreeSet<(Rule, Option<Platform>)> = causes.collect();
        let counts = |it: &Finding| {
            let has_cause =
                it.consequence_of.is_some_and(|rule| causes.contains(&(rule, it.platform())));
            !has_cause || self.status(it) != Status::Open
        };
        findings.into_iter().filter(counts).collect()
    }

    fn status(&self, finding: &Finding) -> Status {
        if self.expect.iter().any(|it| it.is_met_by(finding)) {
            return Status::Expected;
        }
        match self.allow.iter().find(|it| it.covers(finding)) {
            Some(allow) => Status::Allowed { reason: allow.reason().to_owned() },
            None => Status::Open,
        }
    }
}

impl Judged {
    fn fails(&self, strictness: Strictness) -> bool {
        self.status == Status::Open && self.finding.severity >= strictness.least_failing()
    }
}

/// Judges evidence by what a case says. Pure: saved evidence can be judged again.
#[must_use]
pub fn judge(observation: &Observation, case: &Case, strictness: Strictness) -> Judgement {
    let expectations = Expectations {
        arguments: case.run.arguments.clone(),
        run: case.run.expectation.clone(),
        trace: case.trace.clone(),
    };
    let known = Known { allow: &case.allow, expect: &case.expect, strictness };
    match observation {
        Observation::Image(evidence) => {
            Judgement::new(evidence, check(evidence, &expectations), known)
        }
        Observation::Unbuilt(unbuilt) => {
            Judgement::of_unbuilt(unbuilt, check_unbuilt(unbuilt), known)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::run::{Execution, Extent, Output, RunnerKind, Runs};
    use crate::fixture::{Image, Variant};
    use crate::processor::CpuModel;

    /// A healthy image whose program ended so and printed that.
    fn after(end: RunEnd, stdout: &str) -> Observation {
        let path = ImagePath::clean("/app");
        let run = RunEvidence {
            runner: RunnerKind::Sandbox,
            execution: Execution::Emulated,
            cpu: CpuModel::Default,
            emulator: String::new(),
            instruction: None,
            foreign: Vec::new(),
            command: vec!["/app".to_owned()],
            entrypoint: path.clone(),
            program: path,
            end,
            stdout: Output::new(stdout.as_bytes(), Extent::Whole),
            stderr: Output::default(),
        };
        observed(&Variant::healthy("linux/arm64"), Some(Ok(vec![run])))
    }

    fn observed(variant: &Variant, runs: Option<Runs>) -> Observation {
        let image = Image::new([variant.clone()]).inspect(&[]);
        let runs = runs.map(|it| (image.variants[0].entry, it)).into_iter().collect();
        Observation::Image(Evidence { image, runs, provenance: Provenance::Found })
    }

    /// The verdict, and what counts, by a case file.
    fn judged(observation: &Observation, case: &str) -> (Verdict, Vec<Rule>) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("case.toml");
        std::fs::write(folder.path().join("Dockerfile"), "FROM scratch").expect("a file");
        std::fs::write(&file, case).expect("a file");
        let case = Case::read(&file).expect("a case");
        let judgement = judge(observation, &case, Strictness::Normal);
        let of_variants = judgement.variants.iter().flat_map(|it| &it.findings);
        let open = of_variants.filter(|it| it.status == Status::Open);
        (judgement.verdict, open.map(|it| it.finding.rule).collect())
    }

    const DEMAND: &str = "[run]\nstdout = [\"Usage\"]\n";

    fn allowing(rule: Rule) -> String {
        format!("{DEMAND}[[allow]]\nrule = \"{rule}\"\nreason = \"known\"\n")
    }

    #[test]
    fn a_demand_holds_where_a_failure_is_accepted() {
        let late = || RunEnd::TimedOut { limit_ms: 2000 };
        for (end, rule) in
            [(RunEnd::Exited { code: 3 }, Rule::RunFailed), (late(), Rule::RunTimedOut)]
        {
            let silent = after(end.clone(), "");
            let missing = vec![Rule::RunOutputMissing];
            assert_eq!(judged(&silent, &allowing(rule)), (Verdict::Fail, missing), "{rule}");
            assert_eq!(judged(&silent, DEMAND), (Verdict::Fail, vec![rule]), "said once");
            let both = format!("{DEMAND}[expect]\nfindings = [\"{rule} /app linux/arm64\"]\n");
            assert_eq!(judged(&silent, &both), (Verdict::Pass, Vec::new()), "caught");
            let printing = after(end, "Usage: app\n");
            assert_eq!(judged(&printing, &allowing(rule)), (Verdict::Pass, Vec::new()), "{rule}");
        }
    }

    fn unstartable() -> Runs {
        Err(NotRun::Unstartable { reason: "it cannot be started".to_owned() })
    }

    #[test]
    fn what_was_not_run_passes_only_where_the_user_or_the_image_wants_no_run() {
        let healthy = Variant::healthy("linux/arm64");
        let lost = Variant::healthy("linux/arm64").entrypoint(&["/lost"]);
        let allowing =
            |rule, demand| format!("{demand}[[allow]]\nrule = \"{rule}\"\nreason = \"known\"\n");
        let of = |variant, runs, case: &str| judged(&observed(variant, runs), case);
        let (pass, blocked) = ((Verdict::Pass, Vec::new()), (Verdict::Blocked, Vec::new()));
        assert_eq!(of(&healthy, Some(Err(NotRun::Unwanted)), DEMAND), pass);
        assert_eq!(of(&healthy, Some(Err(NotRun::NoCommand)), ""), pass);
        assert_eq!(of(&healthy, None, ""), blocked, "nobody says why");
        let late = Err(NotRun::OutOfTime { timeout: std::time::Duration::from_hours(1) });
        assert_eq!(of(&healthy, Some(late), DEMAND), blocked, "others took its time");
        assert_eq!(of(&healthy, Some(unstartable()), ""), blocked, "no finding says so");
        let missing = (Verdict::Fail, vec![Rule::EntrypointMissing]);
        assert_eq!(of(&lost, Some(unstartable()), DEMAND), missing, "a finding does");
        let known = allowing(Rule::EntrypointMissing, "");
        assert_eq!(of(&lost, Some(unstartable()), &known), pass, "it is accepted");
        let demanding = allowing(Rule::EntrypointMissing, DEMAND);
        let unprinted = (Verdict::Fail, vec![Rule::RunOutputMissing]);
        assert_eq!(
            of(&lost, Some(unstartable()), &demanding),
            unprinted,
            "and nothing was printed"
        );
    }

    #[test]
    fn a_demand_that_could_not_be_checked_is_no_pass() {
        let unknown = after(RunEnd::EmulatorMissing { remedy: "install QEMU".to_owned() }, "");
        assert_eq!(judged(&unknown, &allowing(Rule::RunFailed)).0, Verdict::Blocked);
    }
}
