//! What the first process of a sandbox executes.

use std::path::PathBuf;

use super::super::start::Start;
use crate::emulator::CpuModel;
use crate::inspect::{
    Account, Command as Words, DEFAULT_PATH, ImagePath, NodeKind, ResolveError, Variant, variable,
};
use crate::sandbox::Command;

/// What the OCI runtime would execute. `None` where the user has no number that Linux takes.
pub(super) fn command_of(variant: &Variant, start: &Start) -> Option<Command> {
    let account = Account::resolve(&variant.files, &variant.config.user).ok()?;
    let Words { words } = start.command.clone();
    let mut env = variant.config.env.clone().unwrap_or_default();
    for (name, value) in [("PATH", DEFAULT_PATH), ("HOME", account.home.as_str())] {
        if variable(&variant.config, name).is_none() {
            env.push(format!("{name}={value}"));
        }
    }
    let working_dir = match variant.config.working_dir.as_str() {
        "" => "/".to_owned(),
        directory => directory.to_owned(),
    };
    let (uid, gid) = (u32::try_from(account.uid).ok()?, u32::try_from(account.gid).ok()?);
    let directories = missing_working_dir(variant).into_iter().collect();
    Some(Command { words, env, working_dir, directories, uid, gid })
}

/// The image's working directory, if it is not there: engines make it. Nothing is made behind links,
/// which lead nowhere.
fn missing_working_dir(variant: &Variant) -> Option<PathBuf> {
    let (root, files) = (ImagePath::root(), &variant.files);
    let path = ImagePath::clean(&variant.config.working_dir);
    let is_missing = matches!(files.resolve(&root, path.as_str()), Err(ResolveError::Missing(_)));
    let mut above = std::iter::successors(Some(path.clone()), ImagePath::parent);
    let is_link = |it: &ImagePath| {
        matches!(files.get(it).map(|node| &node.kind), Some(NodeKind::Symlink { .. }))
    };
    let is_plain = !above.any(|it| is_link(&it));
    (is_missing && is_plain).then(|| path.components().collect())
}

/// The emulator takes its model from the environment, which its children inherit; no image has a
/// say in how it is emulated.
pub(super) fn on(mut command: Command, cpu: &CpuModel) -> Command {
    command.env.retain(|it| !it.starts_with("QEMU_"));
    if let CpuModel::Named(name) = cpu {
        command.env.push(format!("QEMU_CPU={name}"));
    }
    command
}
