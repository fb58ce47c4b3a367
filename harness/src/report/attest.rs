//! Verdicts as statements about digests, to be signed by whoever signs images: in-toto's test-result.
//!
//! Source: in-toto attestation framework, `spec/v1/statement.md` and `spec/predicates/test-result.md`
//! (v0.1).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::evidence::build::Provenance;
use crate::evidence::run::{RunEvidence, RunnerKind};
use crate::oci::Digest;
use crate::outcome::{Outcome, SubjectReport, Verification};
use crate::rules::{Group, Needs, Rule, Severity};
use crate::verdict::{Judged, Judgement, Status, VariantJudgement, Verdict, Whole};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "_type")]
    of_type: &'static str,
    subject: [Resource<'a>; 1],
    predicate_type: &'static str,
    predicate: Predicate,
}

#[derive(Serialize)]
struct Resource<'a> {
    name: &'a str,
    digest: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    result: TestResult,
    configuration: [Tool; 1],
    passed_tests: Vec<Rule>,
    warned_tests: Vec<Rule>,
    failed_tests: Vec<Rule>,
}

/// What judged.
#[derive(Serialize)]
struct Tool {
    name: &'static str,
    uri: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum TestResult {
    Passed,
    Warned,
    Failed,
}

/// A statement, and the name of its file: by the digest that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The name of the file.
    pub file: String,
    /// The statement as JSON.
    pub text: String,
}

/// A statement for each manifest and each index that could be verified. Of what could not, nothing is
/// stated.
///
/// # Errors
///
/// When a name cannot be written as JSON, which does not happen.
pub fn attestations(verification: &Verification) -> serde_json::Result<Vec<Attestation>> {
    let mut attestations = BTreeMap::new();
    let mut add = |attestation: Attestation| {
        attestations.insert(attestation.file.clone(), attestation);
    };
    for report in &verification.subjects {
        let Outcome::Judged(judgement) = &report.outcome else { continue };
        let Whole::Image { digest, .. } = judgement.judged else { continue };
        for variant in judgement.variants.iter().filter(|it| it.verdict != Verdict::Blocked) {
            let tried =
                |rule: Rule| rule.group() != Group::Index && is_tried(judgement, &[variant], rule);
            // What is wrong with the index is no fault of a manifest's.
            let (verdict, findings) =
                (variant.verdict, variant.findings.iter().collect::<Vec<_>>());
            add(attestation(report, variant.digest, verdict, &findings, &tried)?);
        }
        if is_known(judgement) {
            let findings: Vec<&Judged> = judgement.all_findings().collect();
            let variants: Vec<&VariantJudgement> = judgement.variants.iter().collect();
            let tried = |rule| is_tried(judgement, &variants, rule);
            // An image without an index has the digest of its manifest: this statement says more.
            add(attestation(report, digest, judgement.verdict, &findings, &tried)?);
        }
    }
    Ok(attestations.into_values().collect())
}

/// Whether there was what a rule looks at, on each of the variants.
fn is_tried(judgement: &Judgement, variants: &[&VariantJudgement], rule: Rule) -> bool {
    let is_built = !matches!(judgement.judged, Whole::Image { provenance: Provenance::Found, .. });
    let has_runs = |kind: Option<RunnerKind>| {
        let is_of_kind = |it: &RunEvidence| kind.is_none_or(|kind| it.runner == kind);
        variants.iter().all(|it| it.runs.iter().any(is_of_kind))
    };
    let is_comparable = rule.group() != Group::Parity || judgement.variants.len() > 1;
    is_comparable
        && match rule.needs() {
            Needs::Image => true,
            Needs::Build | Needs::Dockerfile => is_built,
            Needs::Run => has_runs(None),
            Needs::SandboxRun => has_runs(Some(RunnerKind::Sandbox)),
        }
}

fn is_known(judgement: &Judgement) -> bool {
    judgement.verdict != Verdict::Blocked
        && judgement.variants.iter().all(|it| it.verdict != Verdict::Blocked)
}

fn attestation(
    report: &SubjectReport,
    digest: Digest,
    verdict: Verdict,
    findings: &[&Judged],
    is_tried: &dyn Fn(Rule) -> bool,
) -> serde_json::Result<Attestation> {
    let rules = |least: Severity| -> BTreeSet<Rule> {
        let open = findings.iter().filter(|it| it.status == Status::Open);
        open.filter(|it| it.finding.severity == least).map(|it| it.finding.rule).collect()
    };
    let failed = rules(Severity::Error);
    let warned: BTreeSet<Rule> = rules(Severity::Warning).difference(&failed).copied().collect();
    let passed = Rule::ALL
        .iter()
        .copied()
        .filter(|it| is_tried(*it) && !failed.contains(it) && !warned.contains(it));
    let result = match (verdict, warned.is_empty()) {
        (Verdict::Fail | Verdict::Blocked, _) => TestResult::Failed,
        (Verdict::Pass, false) => TestResult::Warned,
        (Verdict::Pass, true) => TestResult::Passed,
    };
    let algorithm = digest.algorithm().name();
    let statement = Statement {
        of_type: "https://in-toto.io/Statement/v1",
        subject: [Resource {
            name: &report.subject,
            digest: BTreeMap::from([(algorithm, digest.hex())]),
        }],
        predicate_type: "https://in-toto.io/attestation/test-result/v0.1",
        predicate: Predicate {
            result,
            configuration: [Tool {
                name: "archproof",
                uri: concat!("pkg:cargo/archproof@", env!("CARGO_PKG_VERSION")),
            }],
            passed_tests: passed.collect(),
            warned_tests: warned.into_iter().collect(),
            failed_tests: failed.into_iter().collect(),
        },
    };
    let file = format!("{algorithm}-{}.intoto.json", digest.hex());
    Ok(Attestation { file, text: serde_json::to_string_pretty(&statement)? + "\n" })
}
