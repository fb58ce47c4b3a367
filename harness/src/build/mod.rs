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

mod details;
mod error;
mod fault;
mod filesync;
mod filter;
mod ignore;
mod layers;
mod progress;
mod request;
mod session;
mod solve;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::{Engine, ImageStore};
use crate::event::{Event, Events};
use crate::oci::Digest;
use crate::platform::Platform;

pub use error::{BuildError, BuildErrorKind, FailedStep, Input, SourceExcerpt};

use request::Prepared;

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
    /// The engine's image store gets the index under this name, from the same solve. The name's
    /// owner removes it, also when the build failed or was dropped. Only containerd's store can.
    Image(String),
}

/// What a build came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    index: Digest,
    image: KeepAs,
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
            keep_as: KeepAs::default(),
        }
    }
}

impl Built {
    /// The digest of the index: of the one in the archive, and of the one in the
    /// engine if it was kept there.
    #[must_use]
    pub fn index(&self) -> Digest {
        self.index
    }

    /// Where the image stays in the engine.
    #[must_use]
    pub fn image(&self) -> &KeepAs {
        &self.image
    }
}

/// The API of the first engine that survives exporting an image without layers: Docker 28.3.
const SAFE_API: (u32, u32) = (1, 51);

/// Whether the image has no layer for certain. An unreadable Dockerfile is the build's to report.
fn is_empty(plan: &BuildPlan) -> bool {
    std::fs::read_to_string(&plan.dockerfile)
        .is_ok_and(|text| layers::has_no_layer(&text, plan.target.as_deref()))
}

/// Builds for all platforms at once and writes the archive of an OCI image layout.
///
/// Dropping the future interrupts the build; the archive is then incomplete and its owner's to
/// remove, as is an image asked for by [`KeepAs::Image`].
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
    let fail = |kind| BuildError::new(plan.dockerfile.clone(), kind);
    if matches!(plan.keep_as, KeepAs::Image(_)) && engine.store() == ImageStore::Classic {
        return Err(fail(BuildErrorKind::StoreKeepsNoIndex));
    }
    let prepared = Prepared::new(plan).map_err(fail)?;
    if !engine.api_is_at_least(SAFE_API) && is_empty(plan) {
        return Err(fail(BuildErrorKind::NoLayer));
    }
    events.send(Event::BuildStarted { platforms: plan.platforms.clone() });
    let index = solve::solve(engine, plan, prepared, archive, events).await.map_err(fail)?;
    events.send(Event::BuildFinished);
    Ok(Built { index, image: plan.keep_as.clone() })
}
