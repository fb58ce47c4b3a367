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
mod pair;
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
pub use pair::DiffError;
pub use stable::stable;

use pair::Pair;

use crate::evidence::Observation;
use crate::expectation::SizeExpectation;
use crate::listing::image_entries;
use crate::platform::Platform;
use crate::rules::Rule;
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
