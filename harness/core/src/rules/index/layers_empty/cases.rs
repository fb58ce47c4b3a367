use crate::fixture::{Layer, Variant};
use crate::rules::index::layers_empty::RULE;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    let nothing = Variant::new("linux/amd64").entrypoint(&["/app"]);
    let found: &[&str] = &["error linux/amd64 -"];
    vec![
        caught(RULE.rule, "no layers at all", nothing.clone(), found),
        caught(
            RULE.rule,
            "a layer that only hides things",
            nothing.layer(Layer::new().whiteout("app")),
            found,
        ),
        silent(
            RULE.rule,
            "one empty layer among others",
            Variant::healthy("linux/amd64").layer(Layer::new()),
        ),
    ]
}
