//! Platforms that are gone, and further ones.

use std::collections::BTreeSet;

use super::change::{Change, ChangeKind};
use super::pair::Pair;
use crate::evidence::image::ImageFacts;
use crate::platform::Platform;
use crate::rules::Severity;

pub(super) fn compare(pair: &Pair<'_>) -> Vec<Change> {
    let (old, new) = (&pair.old.image, &pair.new.image);
    let removed = missing(old, new).into_iter().map(|platform| {
        let message = "the image no longer has this platform";
        Change::new(ChangeKind::PlatformRemoved, platform, message).with_severity(Severity::Error)
    });
    let added = missing(new, old).into_iter().map(|platform| {
        Change::new(ChangeKind::PlatformAdded, platform, "the image has this platform now")
    });
    removed.chain(added).collect()
}

/// The platforms of one image that the other does not have. What it has and was not read is not missing.
fn missing(of: &ImageFacts, from: &ImageFacts) -> BTreeSet<Platform> {
    let there = from.entries().map(|it| it.0).chain(from.unread.iter().copied());
    let there: BTreeSet<Platform> = there.collect();
    of.entries().map(|it| it.0).filter(|it| !there.contains(it)).collect()
}
