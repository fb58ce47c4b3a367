//! The index: which platforms there are, and whether its claims agree with one another.

pub(super) mod blob_missing;
pub(super) mod digest_mismatch;
pub(super) mod index_nested;
pub(super) mod layers_empty;
pub(super) mod layers_identical;
pub(super) mod platform_descriptor_mismatch;
pub(super) mod platform_duplicate;
pub(super) mod platform_invalid;
pub(super) mod platform_missing;

use super::location::Location;
use crate::evidence::image::Unreadable;

/// The location of a defect of a variant that cannot be read, as far as it is known for which
/// platform it is.
fn location(variant: &Unreadable) -> Location {
    match variant.platform {
        Some(platform) => Location::Variant { platform },
        None => Location::Index,
    }
}
