//! Starts each variant's entrypoint and reports how it ended, what it printed and what executed it.

mod container;
mod engine;
mod evidence;
mod execution;
mod image;
mod session;
mod start;

pub use engine::{EngineRunner, RunRequest};
pub use evidence::{
    CpuModel, Execution, Extent, Output, RunEnd, RunEvidence, RunnerKind, SignalCause, printable,
};
pub use execution::execution;
pub use image::Stored;
pub use session::Session;
