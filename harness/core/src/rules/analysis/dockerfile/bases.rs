//! Base images that have nothing for a platform, as the builder found them.

use std::collections::BTreeMap;

use super::Analysis;
use crate::dockerfile::{Base, BaseOffer, Evaluated, StepKind, UnfitBase};
use crate::platform::Platform;
use crate::rules::severity::Severity;

/// A base image that a stage begins with, and that is not for some of its platforms.
pub(in crate::rules) struct Unfit<'a> {
    pub(in crate::rules) image: &'a str,
    pub(in crate::rules) offer: &'a BaseOffer,
    pub(in crate::rules) lacks: Vec<Platform>,
    /// Where the image is named, in bytes.
    pub(in crate::rules) byte: usize,
    pub(in crate::rules) severity: Severity,
}

pub(in crate::rules) fn unfit<'a>(analysis: &'a Analysis<'_>) -> Vec<Unfit<'a>> {
    let mut found = Vec::new();
    for (number, stage) in analysis.stages() {
        let mut platforms: BTreeMap<(&str, &BaseOffer), Vec<Platform>> = BTreeMap::new();
        for unfit in &analysis.recipe.unfit {
            if begins_with(analysis, number, unfit) {
                let same = platforms.entry((&unfit.image, &unfit.offer)).or_default();
                same.push(unfit.platform);
            }
        }
        let byte = stage.base.start();
        found.extend(platforms.into_iter().map(|((image, offer), lacks)| {
            let severity = severity(analysis, number, offer);
            Unfit { image, offer, lacks, byte, severity }
        }));
    }
    found
}

fn begins_with(analysis: &Analysis<'_>, number: usize, unfit: &UnfitBase) -> bool {
    analysis.uses(number).any(|(_, stage)| {
        stage.platform == Some(unfit.platform)
            && matches!(&stage.base, Base::Image(image) if *image == unfit.image)
    })
}

/// The builder takes an image of another platform. Where files are copied from it and nothing is
/// executed, they may be for every platform.
fn severity(analysis: &Analysis<'_>, number: usize, offer: &BaseOffer) -> Severity {
    let is_under = |it: &Evaluated, target| it.chain(target).any(|it| it == number);
    let is_last = analysis.evaluated.iter().any(|it| it.target.is_some_and(|at| is_under(it, at)));
    let steps = &analysis.file.stages[number].steps;
    let executes = steps.iter().any(|it| matches!(it.done().kind, StepKind::Run(_)));
    match offer {
        BaseOffer::One(_) if !is_last && !executes => Severity::Warning,
        _ => Severity::Error,
    }
}
