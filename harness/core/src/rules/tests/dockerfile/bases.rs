//! Base images.

use crate::dockerfile::{BaseOffer, UnfitBase};

/// A base image that has something else for a platform.
pub(in crate::rules) fn unfit(image: &str, platform: &str, offer: BaseOffer) -> UnfitBase {
    let platform = platform.parse().expect("a platform");
    UnfitBase { image: image.to_owned(), platform, offer }
}

pub(in crate::rules) fn one(platform: &str) -> BaseOffer {
    BaseOffer::One(platform.to_owned())
}
