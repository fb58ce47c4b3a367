//! What the build did: its steps, where they were executed, and how often.

pub(super) mod build_failed;
pub(super) mod build_step_emulated;
pub(super) mod build_step_not_shared;

use super::location::{Location, Position};
use crate::evidence::build::{BuildTrace, Lines};
use crate::platform::Platform;

/// The location of a build step, with the line where one is known.
fn location(trace: &BuildTrace, lines: Option<Lines>, platforms: &[Platform]) -> Location {
    let position = lines.map(|Lines { first, .. }| {
        let dockerfile = trace.recipe.name.clone();
        Position { dockerfile, line: first, column: 1 }
    });
    Location::Step { platforms: platforms.to_vec(), position }
}

/// As much of an instruction as a message needs.
fn brief(instruction: &str) -> String {
    const SHOWN: usize = 80;
    match instruction.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", instruction[..end].trim_end()),
        None => instruction.to_owned(),
    }
}
