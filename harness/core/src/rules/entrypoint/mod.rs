//! What the kernel would start, as whom, and in which environment.

pub(super) mod entrypoint_missing;
pub(super) mod entrypoint_not_executable;
pub(super) mod entrypoint_shebang;
pub(super) mod entrypoint_shell_missing;
pub(super) mod env_arch_mismatch;
pub(super) mod env_path_missing;
pub(super) mod user_missing;

use std::collections::BTreeMap;

use super::context::VariantContext;
use crate::evidence::image::Variant;
use crate::launch::{LaunchError, ShebangFault};

/// Why what the image's command starts cannot be started. Where there is no file at all, that is the
/// defect.
pub(super) fn reported_launch_errors<'c>(
    context: &'c VariantContext<'_>,
) -> impl Iterator<Item = &'c LaunchError> {
    let launches =
        if context.variant.files.is_empty() { &[] } else { context.launches().as_slice() };
    let errors = launches.iter().enumerate().filter_map(|(number, launch)| {
        let error = launch.as_ref().err()?;
        Some((number, error))
    });
    errors.filter(|(number, error)| *number == 0 || is_refused_by_init(error)).map(|it| it.1)
}

/// An init starts programs by the C library's `execvp`, which gives a file without `#!` to a shell.
fn is_refused_by_init(error: &LaunchError) -> bool {
    match error {
        LaunchError::NotAProgram { .. } => false,
        LaunchError::Shebang { fault, .. } => {
            !matches!(fault, ShebangFault::ByteOrderMark | ShebangFault::NotFirst)
        }
        _ => true,
    }
}

/// The variables of the image's environment, by their names; of several values the last counts. None
/// of images without files, and of those that compile for another machine, which say so:
/// `CROSS_COMPILE`, `CROSS_ROOT`.
fn variables(variant: &Variant) -> BTreeMap<&str, &str> {
    let env = variant.config.env.as_deref().unwrap_or_default();
    let variables: BTreeMap<&str, &str> = env.iter().filter_map(|it| it.split_once('=')).collect();
    let is_of_cross_compiler = |name: &&str| name.split('_').any(|it| it == "CROSS");
    let is_left_out = variant.files.is_empty() || variables.keys().any(is_of_cross_compiler);
    if is_left_out { BTreeMap::new() } else { variables }
}
