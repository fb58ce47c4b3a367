use crate::fixture::{Image, Variant};

pub(in crate::rules) fn healthy(platforms: &[&str]) -> Image {
    Image::new(platforms.iter().map(|it| Variant::healthy(it)))
}
