//! What is to be built.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::dockerfile::{Recipe, Selection};
use crate::engine::ImageStore;
use crate::platform::Platform;
use crate::source::Credentials;

/// What is to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildPlan {
    /// The Dockerfile; it may lie outside of the context. A file of the same name with
    /// `.dockerignore` behind it takes the place of the context's own.
    pub dockerfile: PathBuf,
    /// The folder that `COPY` copies from.
    pub context: PathBuf,
    /// The stage to build; the last one when absent.
    pub target: Option<String>,
    /// Values of `ARG`s.
    pub args: BTreeMap<String, String>,
    /// Names that the Dockerfile uses as stages or images, and what stands for them:
    /// `docker-image://`, `https://`, git, or the path of a folder.
    pub contexts: BTreeMap<String, String>,
    /// Whether results of earlier builds may be used.
    pub cache: CachePolicy,
    /// The platforms to build for; none twice.
    pub platforms: Vec<Platform>,
    /// What the Dockerfile is called; empty where that is its path.
    pub dockerfile_name: String,
    /// The logins for the registries of base images.
    pub credentials: Credentials,
    /// Whether the image also stays in the engine.
    pub keep_as: KeepAs,
}

/// Whether results of earlier builds may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CachePolicy {
    /// Steps whose inputs have not changed are not run again.
    #[default]
    Use,
    /// Every `RUN` and `COPY` is executed.
    Ignore,
}

/// Whether the image also stays in the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeepAs {
    /// Only the archive remains.
    #[default]
    Discard,
    /// The engine's image store gets the image, from the same solve: under this name with its
    /// tag where it keeps indexes, and else variant by variant, see [`BuildPlan::image_names`].
    Image(String),
}

impl BuildPlan {
    /// A plan that asks for nothing special.
    #[must_use]
    pub fn new(dockerfile: PathBuf, context: PathBuf, platforms: Vec<Platform>) -> Self {
        Self {
            dockerfile,
            dockerfile_name: String::new(),
            context,
            target: None,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            cache: CachePolicy::default(),
            platforms,
            credentials: Credentials::none(),
            keep_as: KeepAs::default(),
        }
    }

    /// What is to be built, for rules to look at: the Dockerfile with this text, and the given
    /// platform builds.
    #[must_use]
    pub fn recipe(&self, text: String, build: Platform) -> Recipe {
        Recipe {
            name: match self.dockerfile_name.as_str() {
                "" => self.dockerfile.display().to_string(),
                name => name.to_owned(),
            },
            text,
            target: self.target.clone().unwrap_or_default(),
            args: self.args.clone(),
            contexts: self.contexts.clone(),
            build,
            platforms: self.platforms.clone(),
            selection: Selection::Named,
            unfit: Vec::new(),
        }
    }

    /// The same with the Dockerfile as it is, to be built by a platform. One that cannot be read is the
    /// build's to report.
    pub(super) fn recipe_at(&self, build: Platform) -> Recipe {
        let text = std::fs::read(&self.dockerfile).unwrap_or_default();
        self.recipe(String::from_utf8_lossy(&text).into_owned(), build)
    }

    /// The names that a build of this plan gives to images in a store. They are the caller's to
    /// remove, also when the build failed or was dropped. containerd's store gets one, of the
    /// index; the classic store one for each platform, in the plan's order.
    #[must_use]
    pub fn image_names(&self, store: ImageStore) -> Vec<String> {
        match (&self.keep_as, store) {
            (KeepAs::Discard, _) => Vec::new(),
            (KeepAs::Image(name), ImageStore::Containerd) => vec![name.clone()],
            (KeepAs::Image(name), ImageStore::Classic) => {
                self.platforms.iter().map(|it| variant_name(name, *it)).collect()
            }
        }
    }
}

/// The name of a variant: the platform is added to the tag.
pub(crate) fn variant_name(name: &str, platform: Platform) -> String {
    let suffix = platform.to_string().replace('/', "-");
    match name.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => format!("{name}-{suffix}"),
        _ => format!("{name}:{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variant_gets_a_name_of_its_own() {
        let platform: Platform = "linux/arm/v6".parse().expect("a platform");
        for (name, expected) in [
            ("it:1", "it:1-linux-arm-v6"),
            ("it", "it:linux-arm-v6"),
            ("localhost:5000/it", "localhost:5000/it:linux-arm-v6"),
        ] {
            assert_eq!(variant_name(name, platform), expected);
        }
    }
}
