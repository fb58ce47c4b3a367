//! Programs that an init starts.

use crate::fixture::{Layer, Variant, program};

pub(in crate::rules) fn base() -> Variant {
    let layer = Layer::new()
        .executable("sbin/tini", program("linux/arm64"))
        .executable("bin/sh", program("linux/arm64"));
    Variant::new("linux/arm64").layer(layer)
}

/// tini starts a script of that text.
pub(in crate::rules) fn script(mode: u32, text: &str) -> Variant {
    base().layer(Layer::new().file("entrypoint.sh", mode, text)).entrypoint(&[
        "/sbin/tini",
        "--",
        "/entrypoint.sh",
    ])
}

pub(in crate::rules) const SCRIPT: &[&str] = &["error linux/arm64 /entrypoint.sh"];
