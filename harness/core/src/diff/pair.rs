//! The two images, side by side.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::evidence::Evidence;
use crate::evidence::image::Variant;
use crate::platform::Platform;
use crate::rules::Severity;
use crate::sentence::list;
use crate::verdict::{Judged, Status};

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

/// The two images, and the variants of the platforms that both have.
pub(super) struct Pair<'a> {
    pub(super) old: &'a Evidence,
    pub(super) new: &'a Evidence,
    pub(super) common: Vec<Common<'a>>,
}

/// The variants of a platform that both images have.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) platform: Platform,
    pub(super) old: &'a Variant,
    pub(super) new: &'a Variant,
}

impl<'a> Pair<'a> {
    pub(super) fn new(old: &'a Evidence, new: &'a Evidence) -> Result<Self, DiffError> {
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

/// The worst of the new findings that count on a platform, as `is_about` picks them; a note where there
/// are none.
pub(super) fn severity_of(
    new: &[Judged],
    platform: Platform,
    is_about: impl Fn(&Judged) -> bool,
) -> Severity {
    let counts = |it: &&Judged| {
        it.status == Status::Open && it.finding.platform() == Some(platform) && is_about(it)
    };
    let severities = new.iter().filter(counts).map(|it| it.finding.severity);
    severities.max().unwrap_or(Severity::Note)
}
