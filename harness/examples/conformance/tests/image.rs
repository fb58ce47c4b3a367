//! The image of this folder: built for each platform, inspected, and run.

use archproof::{Harness, Platform, Report, assert_conforms};
use rstest::{fixture, rstest};

#[fixture]
#[once]
fn image() -> Report {
    let image = Harness::folder(env!("CARGO_MANIFEST_DIR"));
    image.platforms(["linux/amd64", "linux/arm64"]).verify().blocking().expect("verifiable")
}

#[rstest]
fn conforms(image: &Report, #[values("linux/amd64", "linux/arm64")] on: Platform) {
    let variant = assert_conforms!(image, on);
    insta::assert_yaml_snapshot!(on.to_string(), variant.facts());
}
