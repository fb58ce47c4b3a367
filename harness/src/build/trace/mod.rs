//! From what BuildKit says of a build to its trace.
//!
//! The names in its progress prove nothing: a step that platforms share carries the label of
//! whoever came first, and stages `FROM scratch` carry none. So platforms come from the record
//! that BuildKit keeps of a build, as far as there is one.

mod assemble;
mod claims;
mod graph;
mod likeness;
mod node;

use crate::dockerfile::Recipe;
use crate::evidence::build::BuilderChecks;

pub(super) use assemble::{claimed, recorded};
pub(super) use graph::Graphs;

/// What is known of a build before its first step.
#[derive(Clone, Debug)]
pub(super) struct Premises {
    /// What is built, with what the builder found wanting of its base images.
    pub(super) recipe: Recipe,
    /// What BuildKit itself warns of.
    pub(super) checks: BuilderChecks,
}
