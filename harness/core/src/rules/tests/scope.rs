//! Files of other machines and versions that have their place in a healthy image.

use crate::fixture::{Layer, Variant};

pub(in crate::rules) fn with(platform: &str, path: &str, file: Vec<u8>) -> Variant {
    Variant::healthy(platform).layer(Layer::new().executable(path, file))
}
