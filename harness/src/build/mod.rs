//! Builds a Dockerfile for many platforms with the BuildKit inside a Docker Engine.
//!
//! One solve for all platforms; the result comes back as an archive of an OCI image layout while
//! the local folders are sent the other way, file by file, as BuildKit asks for them. bollard's
//! own builder ends short of this: with the engine's BuildKit it exports to the image store
//! alone, returns no digest, and sends the context as one archive, on which `.dockerignore` has
//! no effect.
//!
//! A [`build`] owns all that works for it. Dropping its future closes both connections, upon
//! which BuildKit kills the steps that run.

mod checks;
mod classic;
mod details;
mod error;
mod fault;
mod filesync;
mod filter;
mod gateway;
mod history;
mod ignore;
mod layers;
mod logins;
mod progress;
mod request;
mod session;
mod solve;
mod trace;
mod unbuilt;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::dockerfile::{Recipe, Selection};
use crate::engine::{Engine, ImageStore};
use crate::event::{Event, Events};
use crate::evidence::build::BuildTrace;
use crate::oci::Digest;
use crate::platform::Platform;
use crate::source::Credentials;

pub use error::{BuildError, BuildErrorKind, Emulation, FailedStep, Input, SourceExcerpt};
pub use unbuilt::unbuilt;

use error::Failure;
use request::Export;
use solve::{Solved, Solver};

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

/// What a build came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    index: Digest,
    trace: BuildTrace,
}

impl BuildPlan {
    /// A plan that asks for nothing special.
    #[must_use]
    pub fn new(dockerfile: PathBuf, context: PathBuf, platforms: Vec<Platform>) -> Self {
        Self {
            dockerfile,
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
            name: self.dockerfile.display().to_string(),
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

    /// The names that a build of this plan gives to images in a store. They are the caller's to
    /// remove, also when the build failed or was dropped. containerd's store gets one, of the
    /// index; the classic store one for each platform, in the plan's order.
    #[must_use]
    pub fn image_names(&self, store: ImageStore) -> Vec<String> {
        match (&self.keep_as, store) {
            (KeepAs::Discard, _) => Vec::new(),
            (KeepAs::Image(name), ImageStore::Containerd) => vec![name.clone()],
            (KeepAs::Image(name), ImageStore::Classic) => {
                self.platforms.iter().map(|it| classic::variant_name(name, *it)).collect()
            }
        }
    }
}

impl Built {
    /// The digest of the index in the archive; and of the image that was kept, where
    /// the store keeps indexes.
    #[must_use]
    pub fn index(&self) -> Digest {
        self.index
    }

    /// What was done for it.
    #[must_use]
    pub fn trace(&self) -> &BuildTrace {
        &self.trace
    }
}

/// The API of the first engine that survives exporting an image without layers: Docker 28.3.
/// The classic store refuses to.
const SAFE_API: (u32, u32) = (1, 51);

/// Builds for all platforms at once and writes the archive of an OCI image layout.
///
/// Dropping the future interrupts the build; the archive is then incomplete and its owner's to
/// remove, as are the images of [`BuildPlan::image_names`].
///
/// # Errors
///
/// Says what failed and whose fault it is; see [`BuildErrorKind`].
pub async fn build(
    engine: &Engine,
    plan: &BuildPlan,
    archive: &Path,
    events: &Events,
) -> Result<Built, BuildError> {
    let built = build_index(engine, plan, archive, events).await.map_err(|failure| {
        let recipe = recipe(plan, engine);
        BuildError::new(plan.dockerfile.clone(), recipe, failure)
    })?;
    events.send(Event::BuildFinished);
    Ok(built)
}

/// What an engine builds. A Dockerfile that cannot be read is the build's to report.
fn recipe(plan: &BuildPlan, engine: &Engine) -> Recipe {
    let text = std::fs::read(&plan.dockerfile).unwrap_or_default();
    plan.recipe(String::from_utf8_lossy(&text).into_owned(), engine.platform())
}

/// Builds as the engine's store wants it.
async fn build_index(
    engine: &Engine,
    plan: &BuildPlan,
    archive: &Path,
    events: &Events,
) -> Result<Built, Failure> {
    let exports_empty =
        engine.store() == ImageStore::Containerd && engine.api_is_at_least(SAFE_API);
    if !exports_empty && layers::has_no_layer(&recipe(plan, engine)) {
        return Err(BuildErrorKind::NoLayer.into());
    }
    if engine.store() == ImageStore::Classic {
        return classic::build(engine, plan, archive, events).await;
    }
    let solver = Solver::new(engine, plan, archive).await?;
    events.send(Event::BuildStarted { platforms: plan.platforms.clone() });
    let Solved { digests, trace } = solver.solve(&[Export::Layout(&plan.keep_as)], events).await?;
    let index = digests.into_iter().next().ok_or_else(|| BuildErrorKind::Refused {
        message: "the exporter did not say the digest of what it has exported".to_owned(),
    })?;
    Ok(Built { index, trace })
}
