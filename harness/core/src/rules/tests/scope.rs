//! Files of other machines and versions that have their place in a healthy image.

use crate::fixture::{Layer, Variant};

pub(in crate::rules) fn with(platform: &str, path: &str, file: Vec<u8>) -> Variant {
    Variant::healthy(platform).layer(Layer::new().executable(path, file))
}

/// A healthy image with two libraries, in this order.
pub(in crate::rules) fn beside(platform: &str, files: [(&str, Vec<u8>); 2]) -> Variant {
    let layer =
        files.into_iter().fold(Layer::new(), |layer, (path, file)| layer.file(path, 0o644, file));
    Variant::healthy(platform).layer(layer)
}
