//! What is known of a run before it begins.

use super::Execution;
use super::execution::execution;
use crate::inspect::{Account, Arguments, Command, ImagePath, Launch, Variant};
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
