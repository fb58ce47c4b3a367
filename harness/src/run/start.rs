//! What is known of a run before it begins.

use std::path::PathBuf;

use super::Execution;
use super::execution::execution;
use crate::inspect::{
    Account, Arguments, Command, ImagePath, Launch, NodeKind, ResolveError, Variant,
};
use crate::oci::Digest;
use crate::platform::Platform;

/// A variant that the kernel can start, and how.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// Its platform.
    pub platform: Platform,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The digest of its config.
    pub config: Digest,
    /// The image's own ENTRYPOINT.
    pub own: Vec<String>,
    /// The words to execute.
    pub command: Command,
    /// The file that the command names, links followed.
    pub entrypoint: ImagePath,
    /// What the processor executes: the entrypoint, or its last interpreter.
    pub program: ImagePath,
    /// Whether the program is for its platform's machine.
    pub machine: MachineFit,
    /// What executes the program on the engine's host.
    pub execution: Execution,
    /// The image's working directory, relative to its root, if it is not there: engines make it.
    pub missing_working_dir: Option<PathBuf>,
}

/// Whether a program is for its platform's machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MachineFit {
    Right,
    Wrong,
}

impl Start {
    /// `None` where the command leads to nothing that can be started.
    pub(super) fn of(variant: &Variant, arguments: &Arguments, host: Platform) -> Option<Self> {
        let account = Account::resolve(&variant.files, &variant.config.user).ok()?;
        let command = Command::of(&variant.config, arguments).ok()?;
        let launch = Launch::trace(&variant.files, &variant.config, &command, account).ok()?;
        let (program, facts) = launch.program;
        let is_right = facts.target() == variant.platform.elf_target();
        Some(Self {
            platform: variant.platform,
            manifest: variant.digest,
            config: variant.config_digest,
            own: variant.config.entrypoint.clone().unwrap_or_default(),
            command,
            entrypoint: launch.path,
            program,
            machine: if is_right { MachineFit::Right } else { MachineFit::Wrong },
            execution: execution(host, facts),
            missing_working_dir: missing_working_dir(variant),
        })
    }

    /// What replaces the image's ENTRYPOINT, if anything has to, and the words of the container's
    /// CMD. The image's own stands wherever the command begins with it.
    pub(super) fn container_command(&self) -> (Option<&str>, &[String]) {
        match (
            self.command.words.strip_prefix(self.own.as_slice()),
            self.command.words.split_first(),
        ) {
            (Some(words), _) => (None, words),
            (None, Some((program, words))) => (Some(program), words),
            (None, None) => (None, &[]),
        }
    }
}

/// Nothing is made behind links, which lead nowhere.
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
