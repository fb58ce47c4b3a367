//! What changed from one image to another, platform by platform. Pure: it compares what was observed,
//! and what the rules and the user's expectations make of it.
//!
//! What two honest builds of one commit differ in is no change: digests, times, build IDs, and the
//! order in which something is listed.

mod build_info;
mod change;
mod config;
mod cpu;
mod entries;
mod executables;
mod findings;
mod libc;
mod platforms;
mod runs;
mod size;
mod stable;
mod steps;
#[cfg(test)]
mod tests;

pub use change::{Change, ChangeKind};
pub(crate) use config::is_of_build;
pub use entries::{Entry, entries};
pub use stable::stable;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::evidence::image::Variant;
use crate::evidence::{Evidence, Observation};
use crate::expectation::SizeExpectation;
use crate::listing::image_entries;
use crate::platform::Platform;
use crate::rules::{Rule, Severity};
use crate::sentence::list;
use crate::verdict::{Judged, Judgement, Status, Strictness, VariantJudgement, Verdict};

/// One of the two images.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What was observed of it.
    pub observation: &'a Observation,
    /// What that comes to.
    pub judgement: &'a Judgement,
}

/// What changed.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// The changes, the most important first; one that several platforms have alike is one.
    pub changes: Vec<Change>,
    /// The findings of the new image that the old one does not have.
    pub new: Vec<Judged>,
    /// The findings of the old image that the new one does not have.
    pub gone: Vec<Judged>,
    /// How many findings both have.
    pub still: usize,
    /// Why a platform could not be compared in full.
    pub obstacles: Vec<Obstacle>,
}

/// Why a platform could not be compared in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The platform.
    pub platform: Platform,
    /// The image of which something is not known.
    pub image: Which,
    /// Why it is not known.
    pub reason: String,
}

/// One of the two images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that is compared with.
    Old,
    /// The one that is judged.
    New,
}

/// Why two images cannot be compared.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiffError {
    /// There is no old image.
    #[error("the build of the old image fails, so there is nothing to compare with: {reason}")]
    OldUnbuilt {
        /// Why it fails.
        reason: String,
    },
    /// They have nothing in common.
    #[error("the images have no platform in common: the old one has {old}, the new one {new}")]
    NoCommonPlatform {
        /// The platforms of the old one.
        old: String,
        /// The platforms of the new one.
        new: String,
    },
}

/// Compares two images.
///
/// # Errors
///
/// When the old one is none, or when they have no platform in common.
pub fn diff(
    old: Side<'_>,
    new: Side<'_>,
    expected_size: &SizeExpectation,
) -> Result<Diff, DiffError> {
    let Observation::Image(old_evidence) = old.observation else {
        let findings = image_entries(old.judgement);
        let failure = findings.iter().find(|it| it.rule == Rule::BuildFailed);
        let reason = failure.map(|it| format!("{}: {}", it.place, it.message));
        return Err(DiffError::OldUnbuilt { reason: reason.unwrap_or_default() });
    };
    let findings = findings::compare(old.judgement, new.judgement);
    let changes = match new.observation {
        Observation::Unbuilt(_) => Vec::new(),
        Observation::Image(new_evidence) => {
            let pair = Pair::new(old_evidence, new_evidence)?;
            changes(&pair, &findings.new, expected_size)
        }
    };
    let sides = [(Which::Old, old), (Which::New, new)];
    let obstacles = sides.into_iter().flat_map(|(which, it)| obstacles_of(which, it)).collect();
    let findings::Compared { new, gone, still } = findings;
    Ok(Diff { changes: change::merge(changes), new, gone, still, obstacles })
}

/// The two images, and the variants of the platforms that both have.
struct Pair<'a> {
    old: &'a Evidence,
    new: &'a Evidence,
    common: Vec<Common<'a>>,
}

/// The variants of a platform that both images have.
#[derive(Clone, Copy)]
struct Common<'a> {
    platform: Platform,
    old: &'a Variant,
    new: &'a Variant,
}

impl<'a> Pair<'a> {
    fn new(old: &'a Evidence, new: &'a Evidence) -> Result<Self, DiffError> {
        let has_common = old.image.entries().any(|(it, _)| new.image.entries().any(|a| a.0 == it));
        if !has_common {
            let names = |it: &Evidence| {
                let names: Vec<Platform> = it.image.entries().map(|it| it.0).collect();
                if names.is_empty() { "none".to_owned() } else { list(&names) }
            };
            return Err(DiffError::NoCommonPlatform { old: names(old), new: names(new) });
        }
        let (of_old, of_new) = (by_platform(old), by_platform(new));
        let common = of_old.into_iter().filter_map(|(platform, old)| {
            Some(Common { platform, old, new: of_new.get(&platform)? })
        });
        Ok(Self { old, new, common: common.collect() })
    }
}

/// The first variant of each platform.
fn by_platform(evidence: &Evidence) -> BTreeMap<Platform, &Variant> {
    let variants = evidence.image.variants.iter().rev();
    variants.map(|it| (it.platform, it)).collect()
}

fn changes(pair: &Pair<'_>, new: &[Judged], expected_size: &SizeExpectation) -> Vec<Change> {
    let mut changes = platforms::compare(pair);
    changes.extend(size::added(pair, expected_size));
    for common in &pair.common {
        changes.extend(cpu::compare(common, new));
        changes.extend(libc::compare(common, new));
        changes.extend(executables::compare(common, new));
        changes.extend(config::compare(common));
        changes.extend(runs::compare(pair, common, new));
        changes.extend(size::compare(common, expected_size));
        changes.extend(build_info::compare(common));
    }
    changes.extend(steps::compare(pair));
    changes
}

/// Why something is not known of an image. Whether its blobs are at fault or the one who looks makes no
/// difference here.
fn obstacles_of(image: Which, side: Side<'_>) -> Vec<Obstacle> {
    let of_variant = |variant: &VariantJudgement| {
        let platform = variant.platform;
        let reasons = variant.obstacles.iter().cloned();
        reasons.map(move |reason| Obstacle { platform, image, reason }).collect::<Vec<_>>()
    };
    let mut obstacles: Vec<Obstacle> =
        side.judgement.variants.iter().flat_map(of_variant).collect();
    if let Observation::Image(evidence) = side.observation {
        for (platform, faults) in
            evidence.image.unreadable.iter().filter_map(|it| Some((it.platform?, &it.faults)))
        {
            if !obstacles.iter().any(|it| it.platform == platform) {
                let reason = faults.first().map(ToString::to_string).unwrap_or_default();
                obstacles.push(Obstacle { platform, image, reason });
            }
        }
    }
    obstacles
}

impl Diff {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.new.is_empty() && self.gone.is_empty()
    }

    /// Whether something got worse.
    #[must_use]
    pub fn verdict(&self, strictness: Strictness) -> Verdict {
        let least = strictness.least_failing();
        let is_new = |it: &Judged| it.status == Status::Open && it.finding.severity >= least;
        if self.changes.iter().any(|it| it.severity >= least) || self.new.iter().any(is_new) {
            Verdict::Fail
        } else if self.obstacles.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Blocked
        }
    }
}

/// The worst of the new findings that count on a platform, as `is_about` picks them; a note where there
/// are none.
fn severity_of(new: &[Judged], platform: Platform, is_about: impl Fn(&Judged) -> bool) -> Severity {
    let counts = |it: &&Judged| {
        it.status == Status::Open && it.finding.platform() == Some(platform) && is_about(it)
    };
    let severities = new.iter().filter(counts).map(|it| it.finding.severity);
    severities.max().unwrap_or(Severity::Note)
}
