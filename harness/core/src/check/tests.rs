//! Every rule, both ways: an image with the defect is caught, by that rule and no other, and a
//! healthy image that comes near it is silent.

mod build;
mod declared;
mod dockerfile;
mod elf;
mod entrypoint;
mod environment;
mod index;
mod inits;
mod linking;
mod pages;
mod parity;
mod reach;
mod reports;
mod run;
mod scope;

use std::collections::BTreeSet;

use super::{Expectations, Finding, Rule, RunExpectation, TraceExpectation, check, check_unbuilt};
use crate::evidence::build::{Provenance, Unbuilt};
use crate::evidence::run::RunEvidence;
use crate::evidence::{Evidence, Observation};
use crate::fixture::{Image, Variant};
use crate::launch::Arguments;

/// An image, and all that is to be found in it.
struct Case {
    rule: Rule,
    /// What makes it faulty, or what makes it near and yet healthy.
    what: &'static str,
    image: Image,
    requested: &'static [&'static str],
    /// The runs of its variants, by platform; the last may have none.
    runs: Vec<Vec<RunEvidence>>,
    provenance: Provenance,
    /// Where it was to be built and was not.
    unbuilt: Option<Unbuilt>,
    expectations: Expectations,
    /// Each finding of the rule as `severity platform path`, with `-` for what it does not have.
    findings: &'static [&'static str],
    /// What cannot but be found as well, as `rule severity platform path`.
    besides: &'static [&'static str],
}

/// An image with the defect. The findings are all that there may be.
fn caught(
    rule: Rule,
    what: &'static str,
    image: impl Into<Image>,
    findings: &'static [&'static str],
) -> Case {
    assert!(!findings.is_empty(), "{rule}: {what}");
    Case { findings, ..silent(rule, what, image) }
}

/// An image that only looks like it.
fn silent(rule: Rule, what: &'static str, image: impl Into<Image>) -> Case {
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
        Self::of([variant])
    }
}

impl Case {
    fn requesting(self, requested: &'static [&'static str]) -> Self {
        Self { requested, ..self }
    }

    fn besides(self, besides: &'static [&'static str]) -> Self {
        Self { besides, ..self }
    }

    fn evidence(&self) -> Evidence {
        let image = self.image.inspect(self.requested);
        let entries = image.variants.iter().map(|it| it.entry);
        let runs = entries.zip(self.runs.iter().cloned().map(Ok)).collect();
        Evidence { image, runs, provenance: self.provenance.clone() }
    }

    fn observation(&self) -> Observation {
        match &self.unbuilt {
            Some(unbuilt) => Observation::Unbuilt(unbuilt.clone()),
            None => Observation::Image(self.evidence()),
        }
    }

    fn judge(&self) -> Vec<Finding> {
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
    let platform = finding.platform.map_or_else(|| "-".to_owned(), |it| it.to_string());
    let place = finding.place.as_ref().map(|it| format!("{}:{}", it.line, it.column));
    let path = finding.path.as_deref().or(place.as_deref()).unwrap_or("-");
    format!("{} {} {platform} {path}", finding.rule, finding.severity)
}

fn all_cases() -> Vec<Case> {
    [
        index::cases(),
        elf::cases(),
        declared::cases(),
        linking::cases(),
        entrypoint::cases(),
        inits::cases(),
        environment::cases(),
        reach::cases(),
        reports::cases(),
        scope::cases(),
        run::cases(),
        parity::cases(),
        build::cases(),
        dockerfile::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_image_gets_its_findings_and_no_others() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        let findings = case.judge();
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
    let cases = all_cases();
    for rule in Rule::ALL {
        let of_rule = || cases.iter().filter(|it| it.rule == *rule);
        assert!(of_rule().any(|it| !it.findings.is_empty()), "{rule} has no faulty image");
        assert!(of_rule().any(|it| it.findings.is_empty()), "{rule} has no near miss");
    }
}

#[test]
fn cases_are_told_apart_by_what_they_are() {
    let cases = all_cases();
    let names: BTreeSet<_> = cases.iter().map(|it| (it.rule.name(), it.what)).collect();
    assert_eq!(names.len(), cases.len());
}

#[test]
fn judging_saved_evidence_gives_the_same() {
    for case in all_cases() {
        let saved = serde_json::to_string(&case.observation()).expect("evidence is JSON");
        let again = serde_json::to_string(&case.observation()).expect("evidence is JSON");
        assert_eq!(saved, again, "{}: the same image gives the same evidence", case.what);
        let loaded: Observation = serde_json::from_str(&saved).expect("evidence is JSON");
        assert_eq!(case.judge_as(&loaded), case.judge(), "{}", case.what);
    }
}
