use crate::fixture::{Layer, Variant};

/// A healthy image with something else in it.
pub(in crate::rules) fn with(platform: &str, layer: Layer) -> Variant {
    Variant::healthy(platform).layer(layer)
}
