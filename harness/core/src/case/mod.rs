//! Cases: what to build, how to run it, and what is known to be wrong with it.

mod error;
mod expected_finding;
mod file;
mod timeout;

pub use error::{CaseError, CaseErrorKind};
pub use expected_finding::{ExpectedFinding, ExpectedFindingError};
pub use file::{Allow, BuildSpec, Case, RunSpec};
pub use timeout::Timeout;
