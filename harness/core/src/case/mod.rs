//! Cases: what to build, how to run it, and what is known to be wrong with it.

mod error;
mod file;
mod values;

pub use error::{CaseError, CaseErrorKind};
pub use file::{Allow, BuildSpec, Case, RunSpec};
pub use values::{Expectation, ExpectationError, Timeout};
