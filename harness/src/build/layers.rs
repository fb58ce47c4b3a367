//! Tells an image without any layer from the Dockerfile alone.
//!
//! BuildKit before 0.23 dereferences a nil pointer when it exports such an image as an OCI
//! layout for several platforms, and takes the whole engine down with it
//! ([moby/buildkit#5993](https://github.com/moby/buildkit/issues/5993)). Such a plan must not be
//! sent to it.

use crate::dockerfile::{Base, Dockerfile, Evaluated, Recipe, Step, StepKind};

/// Whether the image of some platform has no layer for certain: where the Dockerfile leaves it
/// open, it has. A Dockerfile that cannot be read is the build's to report.
pub(super) fn has_no_layer(recipe: &Recipe) -> bool {
    let Ok(file) = Dockerfile::parse(&recipe.text) else { return false };
    recipe.platforms.iter().any(|platform| {
        let evaluated = recipe.evaluate(&file, *platform);
        evaluated.target.is_some_and(|target| is_empty(&file, &evaluated, target))
    })
}

fn is_empty(file: &Dockerfile, evaluated: &Evaluated, number: usize) -> bool {
    // What an ONBUILD keeps for later may write.
    let may_write = |it: &Step| it.writes() || matches!(it.kind, StepKind::OnBuild(_));
    let is_silent = |it: usize| !file.stages[it].steps.iter().any(may_write);
    evaluated.chain(number).all(is_silent)
        && evaluated
            .chain(number)
            .last()
            .is_some_and(|it| evaluated.stages[it].base == Base::Scratch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::recipe;

    #[test]
    fn an_image_without_layers_is_told_by_its_dockerfile() {
        for (dockerfile, target, expected) in [
            ("FROM scratch", "", true),
            ("from scratch\nLABEL a=b\nCMD [\"/x\"]", "", true),
            ("FROM --platform=linux/arm64 scratch AS x\nFROM x", "", true),
            ("FROM scratch AS a\nFROM busybox AS b\nRUN x", "A", true),
            ("FROM scratch AS a\nFROM busybox AS b\nRUN x", "0", true),
            ("FROM scratch AS a\nFROM busybox AS b\nRUN x", "", false),
            ("FROM scratch\nCOPY a /", "", false),
            ("FROM scratch\nWORKDIR /a", "", false),
            ("FROM scratch\nCOPPY a /", "", false),
            ("FROM scratch AS x\nCOPY a /\nFROM x", "", false),
            ("FROM scratch AS x\nONBUILD COPY a /\nFROM x", "", false),
            ("FROM scratch\nENV a=\\\n  COPY", "", true),
            ("FROM scratch\n# COPY a /\n", "", true),
            ("FROM busybox", "", false),
            ("ARG base=scratch\nFROM $base", "", true),
            ("ARG base\nFROM $base", "", false),
            ("FROM scratch AS x-arm64\nFROM x-$TARGETARCH", "", true),
            ("FROM scratch\nRUN <<EOF\nFROM scratch\nEOF", "", false),
            ("FROM scratch AS a", "nosuch", false),
            ("", "", false),
        ] {
            let recipe = recipe(dockerfile, &["linux/amd64", "linux/arm64"]);
            let recipe = Recipe { target: target.to_owned(), ..*recipe };
            assert_eq!(has_no_layer(&recipe), expected, "{dockerfile:?} {target:?}");
        }
    }
}
