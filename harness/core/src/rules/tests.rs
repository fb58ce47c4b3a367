//! Every rule, both ways: an image with the defect is caught, by that rule and no other, and a
//! healthy image that comes near it is silent.

pub(super) mod build;
pub(super) mod declared;
pub(super) mod dockerfile;
pub(super) mod elf;
pub(super) mod entrypoint;
pub(super) mod environment;
pub(super) mod index;
pub(super) mod inits;
pub(super) mod linking;
mod pages;
pub(super) mod parity;
pub(super) mod run;
pub(super) mod scope;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::registry::{DEFINITIONS, all_cases};
use super::{Finding, Rule, check, check_in_order, check_unbuilt};
use crate::evidence::build::{Provenance, Unbuilt};
use crate::evidence::run::RunEvidence;
use crate::evidence::{Evidence, Observation};
use crate::expectation::{Expectations, RunExpectation, TraceExpectation};
use crate::fixture::{Image, Variant};
use crate::launch::Arguments;

/// An image, and all that is to be found in it.
pub(super) struct Case {
    pub(super) rule: Rule,
    /// What makes it faulty, or what makes it near and yet healthy.
    pub(super) what: &'static str,
    pub(super) image: Image,
    pub(super) requested: &'static [&'static str],
    /// The runs of its variants, by platform; the last may have none.
    pub(super) runs: Vec<Vec<RunEvidence>>,
    pub(super) provenance: Provenance,
    /// Where it was to be built and was not.
    pub(super) unbuilt: Option<Unbuilt>,
    pub(super) expectations: Expectations,
    /// Each finding of the rule as `severity platform path`, with `-` for what it does not have.
    pub(super) findings: &'static [&'static str],
    /// What cannot but be found as well, as `rule severity platform path`.
    pub(super) besides: &'static [&'static str],
}

/// An image with the defect. The findings are all that there may be.
pub(super) fn caught(
    rule: Rule,
    what: &'static str,
    image: impl Into<Image>,
    findings: &'static [&'static str],
) -> Case {
    assert!(!findings.is_empty(), "{rule}: {what}");
    Case { findings, ..silent(rule, what, image) }
}

/// An image that only looks like it.
pub(super) fn silent(rule: Rule, what: &'static str, image: impl Into<Image>) -> Case {
    Case {
        rule,
        what,
        image: image.into(),
        requested: &[],
        runs: Vec::new(),
        provenance: Provenance::Found,
        unbuilt: None,
        expectations: Expectations {
            arguments: Arguments::Default,
            run: RunExpectation::default(),
            trace: TraceExpectation::default(),
        },
        findings: &[],
        besides: &[],
    }
}

impl From<Variant> for Image {
    fn from(variant: Variant) -> Self {
        Self::new([variant])
    }
}

impl Case {
    pub(super) fn requesting(self, requested: &'static [&'static str]) -> Self {
        Self { requested, ..self }
    }

    pub(super) fn besides(self, besides: &'static [&'static str]) -> Self {
        Self { besides, ..self }
    }

    pub(super) fn evidence(&self) -> Evidence {
        let image = self.image.inspect(self.requested);
        let entries = image.variants.iter().map(|it| it.entry);
        let runs = entries.zip(self.runs.iter().cloned().map(Ok)).collect();
        Evidence { image, runs, provenance: self.provenance.clone() }
    }

    pub(super) fn observation(&self) -> Observation {
        match &self.unbuilt {
            Some(unbuilt) => Observation::Unbuilt(unbuilt.clone()),
            None => Observation::Image(self.evidence()),
        }
    }

    pub(super) fn judge(&self) -> Vec<Finding> {
        self.judge_as(&self.observation())
    }

    fn judge_as(&self, observation: &Observation) -> Vec<Finding> {
        match observation {
            Observation::Image(evidence) => check(evidence, &self.expectations),
            Observation::Unbuilt(unbuilt) => check_unbuilt(unbuilt),
        }
    }

    fn expected(&self) -> Vec<String> {
        let findings = self.findings.iter().map(|it| format!("{} {it}", self.rule));
        let mut all: Vec<String> =
            findings.chain(self.besides.iter().map(|&it| it.into())).collect();
        all.sort();
        all
    }
}

/// A finding without its words.
fn brief(finding: &Finding) -> String {
    let platform = finding.platform().map_or_else(|| "-".to_owned(), |it| it.to_string());
    let place = finding.location.position().map(|it| format!("{}:{}", it.line, it.column));
    let path = finding.path().or(place.as_deref()).unwrap_or("-");
    format!("{} {} {platform} {path}", finding.rule, finding.severity)
}

/// The cases of all rules.
fn cases() -> Vec<Case> {
    all_cases().into_iter().flat_map(|it| it.1).collect()
}

/// The cases of all rules, each with what is observed of it.
static OBSERVED: LazyLock<Vec<(Case, Observation)>> = LazyLock::new(|| {
    let observe = |case: Case| {
        let observation = case.observation();
        (case, observation)
    };
    let mut cases = cases();
    let half = cases.split_off(cases.len() / 2);
    std::thread::scope(|scope| {
        let half = scope.spawn(|| half.into_iter().map(observe).collect::<Vec<_>>());
        let mut observed: Vec<_> = cases.into_iter().map(observe).collect();
        observed.extend(half.join().expect("every case can be observed"));
        observed
    })
});

#[test]
fn every_image_gets_its_findings_and_no_others() {
    let mut wrong = Vec::new();
    for (case, observation) in OBSERVED.iter() {
        let findings = case.judge_as(observation);
        let mut actual: Vec<String> = findings.iter().map(brief).collect();
        actual.sort();
        let expected = case.expected();
        if actual != expected {
            let messages: Vec<&str> = findings.iter().map(|it| it.message.as_str()).collect();
            wrong.push(format!(
                "{}: {}\n  expected {expected:?}\n  found    {actual:?}\n  {messages:?}",
                case.rule, case.what
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_tried_both_ways() {
    for (rule, cases) in all_cases() {
        assert!(cases.iter().all(|it| it.rule == rule), "{rule} has another rule's case");
        assert!(cases.iter().any(|it| !it.findings.is_empty()), "{rule} has no faulty image");
        assert!(cases.iter().any(|it| it.findings.is_empty()), "{rule} has no near miss");
    }
}

#[test]
fn the_order_of_the_rules_decides_nothing() {
    let count = DEFINITIONS.len();
    for (case, observation) in OBSERVED.iter() {
        let Observation::Image(evidence) = observation else { continue };
        let expected = check(evidence, &case.expectations);
        // 11 and 56 have no common factor, so that every rule comes once.
        let mixed = (0..count).map(|it| DEFINITIONS[it * 11 % count]);
        let backwards = DEFINITIONS.iter().rev().copied();
        for found in [
            check_in_order(evidence, &case.expectations, mixed),
            check_in_order(evidence, &case.expectations, backwards),
        ] {
            assert_eq!(found, expected, "{}: {}", case.rule, case.what);
        }
    }
}

#[test]
fn cases_are_told_apart_by_what_they_are() {
    let cases = cases();
    let names: BTreeSet<_> = cases.iter().map(|it| (it.rule.name(), it.what)).collect();
    assert_eq!(names.len(), cases.len());
}

#[test]
fn judging_saved_evidence_gives_the_same() {
    for (case, observation) in OBSERVED.iter() {
        let saved = serde_json::to_string(observation).expect("evidence is JSON");
        let loaded: Observation = serde_json::from_str(&saved).expect("evidence is JSON");
        assert_eq!(case.judge_as(&loaded), case.judge_as(observation), "{}", case.what);
    }
}

#[test]
fn the_same_image_gives_the_same_evidence() {
    // Whatever the rule, an image is read alike: some are enough.
    for (case, observation) in OBSERVED.iter().step_by(10) {
        let json = |it: &Observation| serde_json::to_string(it).expect("evidence is JSON");
        assert_eq!(json(observation), json(&case.observation()), "{}", case.what);
    }
}
