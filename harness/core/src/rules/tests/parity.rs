use crate::evidence::run::RunEnd;
use crate::expectation::{Expectations, Parity, RunExpectation};
use crate::fixture::{Image, Variant};
use crate::rules::tests::Case;
use crate::rules::tests::run::run;
use globset::Glob;

pub(in crate::rules) const PLATFORMS: [&str; 3] = ["linux/386", "linux/amd64", "linux/arm64"];

/// Three platforms of one image.
pub(in crate::rules) fn three(variant: impl Fn(&'static str) -> Variant) -> Image {
    Image::new(PLATFORMS.map(variant))
}

/// An image of which one variant is different.
pub(in crate::rules) fn but_for(
    odd: &'static str,
    usual: impl Fn(Variant) -> Variant,
    other: impl Fn(Variant) -> Variant,
) -> Image {
    three(|name| {
        let variant = Variant::healthy(name);
        if name == odd { other(variant) } else { usual(variant) }
    })
}

impl Case {
    pub(in crate::rules) fn printing(self, outputs: [&str; 3]) -> Self {
        self.after_each(outputs.map(|it| run(RunEnd::Exited { code: 0 }, it)))
    }

    /// The case demands the same output, but for lines of these patterns.
    pub(in crate::rules) fn demanding(self, except: &[&str]) -> Self {
        let except = except.iter().map(|it| Glob::new(it).expect("a pattern").compile_matcher());
        let parity = Parity::Same { except: except.collect() };
        let run = RunExpectation { parity, ..RunExpectation::default() };
        Self { expectations: Expectations { run, ..self.expectations }, ..self }
    }
}
