//! Starts each variant's entrypoint and reports how it ended, what it printed and what executed it.

mod at_once;
mod capture;
mod container;
mod ended;
mod engine;
mod execution;
mod explain;
mod first_process;
mod helper;
mod image;
mod layers;
mod limits;
mod policy;
mod provided;
mod record;
mod runner;
mod sandbox;
mod session;
mod start;
mod usage;

use std::time::Duration;

pub use engine::EngineRunner;
pub use execution::execution;
pub use helper::Helper;
pub use image::Stored;
pub use record::{SessionRecord, StaleSession};
pub use sandbox::{ProbeError, SandboxRunner};
pub use session::Session;

use crate::launch::Arguments;
use crate::processor::Processors;

/// What every variant is asked to do.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The words after the entrypoint.
    pub arguments: Arguments,
    /// How long it may take.
    pub timeout: Duration,
    /// What each is run on.
    pub processors: Processors,
}
