//! Starts each variant's entrypoint and reports how it ended, what it printed and what executed it.

mod evidence;

pub use evidence::{
    CpuModel, Execution, Extent, Output, RunEnd, RunEvidence, RunnerKind, SignalCause, printable,
};
