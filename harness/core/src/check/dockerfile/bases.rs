//! Base images that have nothing for a platform, as the builder found them.

use std::collections::BTreeMap;

use super::study::{Study, list};
use crate::check::{Finding, Rule, Severity};
use crate::dockerfile::{Base, BaseOffer, Evaluated, StepKind, UnfitBase};
use crate::platform::Platform;

pub(super) fn check(study: &Study<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, _) in study.stages() {
        let mut platforms: BTreeMap<(&str, &BaseOffer), Vec<Platform>> = BTreeMap::new();
        for unfit in &study.recipe.unfit {
            if begins_with(study, number, unfit) {
                let same = platforms.entry((&unfit.image, &unfit.offer)).or_default();
                same.push(unfit.platform);
            }
        }
        let found = platforms.into_iter();
        findings.extend(found.map(|((image, offer), lacks)| {
            let (rule, message) = describe(image, offer, &lacks);
            let base = study.file.stages[number].base.start();
            study.finding(rule, base, message).with_severity(severity(study, number, offer))
        }));
    }
    findings
}

fn begins_with(study: &Study<'_>, number: usize, unfit: &UnfitBase) -> bool {
    study.uses(number).any(|(_, stage)| {
        stage.platform == Some(unfit.platform)
            && matches!(&stage.base, Base::Image(image) if *image == unfit.image)
    })
}

fn describe(image: &str, offer: &BaseOffer, lacks: &[Platform]) -> (Rule, String) {
    let lacks = list(lacks);
    match offer {
        BaseOffer::Others(has) if has.is_empty() => {
            (Rule::BasePlatformMissing, format!("{image} is not available for {lacks}"))
        }
        BaseOffer::Others(has) => (
            Rule::BasePlatformMissing,
            format!("{image} is not available for {lacks}; it has {}", list(has)),
        ),
        BaseOffer::One(is) if image.contains('@') => (
            Rule::BasePinnedToOnePlatform,
            format!("{image} is the image of {is}, not the index, so {lacks} gets it too"),
        ),
        BaseOffer::One(is) => (
            Rule::BasePlatformMissing,
            format!("{image} is published for {is} only, and BuildKit uses it for {lacks} too"),
        ),
    }
}

/// The builder takes an image of another platform. Where files are copied from it and nothing is
/// executed, they may be for every platform.
fn severity(study: &Study<'_>, number: usize, offer: &BaseOffer) -> Severity {
    let is_under = |it: &Evaluated, target| it.chain(target).any(|it| it == number);
    let is_last = study.evaluated.iter().any(|it| it.target.is_some_and(|at| is_under(it, at)));
    let steps = &study.file.stages[number].steps;
    let executes = steps.iter().any(|it| matches!(it.done().kind, StepKind::Run(_)));
    match offer {
        BaseOffer::One(_) if !is_last && !executes => Severity::Warning,
        _ => Severity::Error,
    }
}
