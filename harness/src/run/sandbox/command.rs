//! What the first process of a sandbox executes.

use std::path::PathBuf;

use super::super::start::Start;
use crate::evidence::image::{ImagePath, NodeKind, ResolveError, Variant};
use crate::launch::{Command as Words, DEFAULT_PATH, variable};
use crate::sandbox::{Command, HOST_NAME, Rank};

/// What the OCI runtime would execute.
pub(super) fn command_of(variant: &Variant, start: &Start) -> Command {
    let account = &start.account;
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
    let (uid, gid) = (account.uid, account.gid);
    let directories = missing_working_dir(variant).into_iter().collect();
    let files = provided_files(variant);
    Command { words, env, working_dir, directories, files, uid, gid, rank: Rank::Later }
}

/// The files that engines put into every container, as far as they are about a machine without a
/// network. An `/etc` that is a link is left as it is.
fn provided_files(variant: &Variant) -> Vec<(PathBuf, String)> {
    let folder = variant.files.get(&ImagePath::clean("/etc")).map(|it| &it.kind);
    if !matches!(folder, None | Some(NodeKind::Directory)) {
        return Vec::new();
    }
    let hosts = format!("127.0.0.1\tlocalhost {HOST_NAME}\n::1\tlocalhost ip6-localhost\n");
    let files = [("etc/hosts", hosts), ("etc/hostname", format!("{HOST_NAME}\n"))];
    files.map(|(path, text)| (PathBuf::from(path), text)).into()
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
