//! What an image's command starts.

use crate::evidence::image::Variant;
use crate::launch::{Account, Arguments, Command, Launch, Launches};

/// What the image's command starts.
pub(in crate::rules) fn launches<'a>(variant: &'a Variant, arguments: &Arguments) -> Launches<'a> {
    match Command::of(&variant.files, &variant.config, arguments) {
        Ok(command) => launches_of(variant, &command),
        Err(error) => vec![Err(error)],
    }
}

/// What a command starts. A user that the image does not have decides only the permission bits.
pub(in crate::rules) fn launches_of<'a>(variant: &'a Variant, command: &Command) -> Launches<'a> {
    let account = Account::resolve(&variant.files, &variant.config.user).unwrap_or(Account::ROOT);
    Launch::trace_all(&variant.files, &variant.config, command, &account)
}
