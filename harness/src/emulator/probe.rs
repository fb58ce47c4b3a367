//! Programs that do nothing but end with a status that nothing else has, to see whether a machine's
//! programs run at all.

use super::handler::Mark;
use super::minimal::minimal_program;
use crate::platform::Platform;

/// The status that a probe ends with.
pub const PROBED: i64 = 42;

/// A program of a platform that ends with [`PROBED`]. It needs the oldest processor there is.
#[must_use]
pub fn probe(platform: Platform) -> Vec<u8> {
    minimal_program(platform, Mark::NONE, platform.facts().exit_42)
}
