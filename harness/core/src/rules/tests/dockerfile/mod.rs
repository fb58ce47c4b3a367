//! The rules of Dockerfiles: images that they are said to have made.

pub(in crate::rules) mod bases;

use crate::dockerfile::{Recipe, Selection, UnfitBase};
use crate::evidence::build::{Basis, BuildTrace, BuilderChecks, Provenance};
use crate::fixture::{Image, Variant, recipe};
use crate::rules::rule::Rule;
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) const TWO: &[&str] = &["linux/amd64", "linux/arm64"];

pub(in crate::rules) const FOUR: &[&str] =
    &["linux/386", "linux/amd64", "linux/arm/v7", "linux/arm64"];

pub(in crate::rules) const V6: &[&str] = &["linux/amd64", "linux/arm/v6"];

/// Healthy images of some platforms, which a Dockerfile is said to have made.
pub(in crate::rules) fn image(platforms: &'static [&'static str]) -> Image {
    Image::new(platforms.iter().map(|it| Variant::healthy(it)))
}

impl Case {
    pub(in crate::rules) fn by(self, text: &'static str) -> Self {
        self.by_recipe(text, Selection::Named)
    }

    /// By a Dockerfile whose platforms nobody named.
    pub(in crate::rules) fn by_unnamed(self, text: &'static str) -> Self {
        self.by_recipe(text, Selection::Assumed)
    }

    /// With what the builder found wanting of the base images.
    pub(in crate::rules) fn asked(mut self, unfit: Vec<UnfitBase>) -> Self {
        if let Provenance::Built(trace) = &mut self.provenance {
            trace.recipe.unfit = unfit;
        }
        self
    }

    pub(in crate::rules) fn by_recipe(self, text: &'static str, selection: Selection) -> Self {
        let recipe = Box::new(Recipe { selection, ..*recipe(text, self.requested) });
        let trace = BuildTrace {
            recipe,
            checks: BuilderChecks::default(),
            basis: Basis::Recorded,
            steps: Vec::new(),
        };
        Self { provenance: Provenance::Built(trace), ..self }
    }
}

pub(in crate::rules) fn bad(
    rule: Rule,
    what: &'static str,
    text: &'static str,
    findings: &'static [&'static str],
) -> Case {
    caught(rule, what, image(TWO), findings).requesting(TWO).by(text)
}

pub(in crate::rules) fn good(rule: Rule, what: &'static str, text: &'static str) -> Case {
    silent(rule, what, image(TWO)).requesting(TWO).by(text)
}

/// The same for platforms with variants.
pub(in crate::rules) fn bad_for_four(
    rule: Rule,
    what: &'static str,
    text: &'static str,
    findings: &'static [&'static str],
) -> Case {
    caught(rule, what, image(FOUR), findings).requesting(FOUR).by(text)
}

pub(in crate::rules) fn good_for_four(rule: Rule, what: &'static str, text: &'static str) -> Case {
    silent(rule, what, image(FOUR)).requesting(FOUR).by(text)
}
