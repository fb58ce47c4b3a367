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

mod built;
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
mod plan;
mod progress;
mod request;
mod session;
mod solve;
mod trace;
mod unbuilt;
mod walk;

use std::path::Path;

use crate::engine::{Engine, ImageStore};
use crate::event::{Event, Events};

pub use built::Built;
pub use error::{BuildError, BuildErrorKind, Emulation, FailedStep, Input, SourceExcerpt};
pub(crate) use plan::variant_name;
pub use plan::{BuildPlan, CachePolicy, KeepAs};
pub use unbuilt::unbuilt;

use error::Failure;
use request::Export;
use solve::{Solved, Solver};

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
        let recipe = plan.recipe_at(engine.platform());
        BuildError::new(plan.dockerfile.clone(), recipe, failure)
    })?;
    events.send(Event::BuildFinished);
    Ok(built)
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
    if !exports_empty && layers::has_no_layer(&plan.recipe_at(engine.platform())) {
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
    Ok(Built::new(index, trace))
}
