use crate::fixture::{Image, Variant};

pub(in crate::rules) fn healthy(platforms: &[&str]) -> Image {
    Image::of(platforms.iter().map(|it| Variant::healthy(it)))
}
