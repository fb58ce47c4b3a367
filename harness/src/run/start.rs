//! What is known of a run before it begins.

use std::collections::BTreeMap;

use super::execution::execution;
use crate::elf::{ElfType, LoadSegment};
use crate::evidence::image::{EntryNumber, ImageFacts, ImagePath, RootFs, Variant};
use crate::evidence::run::{Execution, NotRun, RunEvidence, Runs};
use crate::launch::{Account, Arguments, Command, Launch, LaunchError};
use crate::oci::Digest;
use crate::platform::Platform;

/// A variant that the kernel can start, and how.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// Its entry of the index.
    pub entry: EntryNumber,
    /// Its platform.
    pub platform: Platform,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The digest of its config.
    pub config: Digest,
    /// The image's own ENTRYPOINT.
    pub own: Vec<String>,
    /// Who executes it.
    pub account: Account,
    /// The words to execute.
    pub command: Command,
    /// What is executed instead, where the entrypoint turns out to take its arguments for a command.
    pub instead: Option<Command>,
    /// The file that the command names, links followed.
    pub entrypoint: ImagePath,
    /// All files of the variant.
    pub files: RootFs,
    /// What the processor executes: the entrypoint, or its last interpreter.
    pub program: ImagePath,
    /// The path by which the entrypoint is executed.
    pub called: String,
    /// Whether it is the program itself that the command starts.
    pub directness: Directness,
    /// The parts of the program that lie at addresses which its file decides (`ET_EXEC`).
    pub fixed: Vec<LoadSegment>,
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

/// Whether it is the program itself that a command starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directness {
    /// Nothing stands before it.
    Direct,
    /// A script or an init starts it, and the kernel executes it as it executes everything.
    Behind,
}

impl Start {
    /// How each variant of an image starts, and what is known already of those that cannot.
    pub(super) fn of_all<'a>(
        image: &'a ImageFacts,
        arguments: &Arguments,
        host: Platform,
    ) -> (Vec<(&'a Variant, Self)>, BTreeMap<EntryNumber, Runs>) {
        let (mut starts, mut not_run) = (Vec::new(), BTreeMap::new());
        for variant in &image.variants {
            match Self::new(variant, arguments, host) {
                Ok(start) => starts.push((variant, start)),
                Err(reason) => {
                    not_run.insert(variant.entry, Err(reason));
                }
            }
        }
        (starts, not_run)
    }

    fn new(variant: &Variant, arguments: &Arguments, host: Platform) -> Result<Self, NotRun> {
        let account = Account::resolve(&variant.files, &variant.config.user)?;
        let command = Command::new(&variant.files, &variant.config, arguments)?;
        let (files, config) = (&variant.files, &variant.config);
        let instead = match arguments {
            Arguments::Default => Command::through_entrypoint(config),
            Arguments::Given(_) => None,
        };
        let launches = Launch::trace_all(files, config, &command, &account);
        let is_alone = launches.len() == 1;
        let launch = launches.into_iter().next().unwrap_or(Err(LaunchError::NoCommand))?;
        let (program, facts) = launch.program;
        let directness = if is_alone && program == launch.path {
            Directness::Direct
        } else {
            Directness::Behind
        };
        let is_right = facts.target() == variant.platform.elf_target();
        Ok(Self {
            entry: variant.entry,
            platform: variant.platform,
            manifest: variant.digest,
            config: variant.config_digest,
            own: variant.config.entrypoint.clone().unwrap_or_default(),
            account,
            instead: instead.filter(|it| *it != command),
            command,
            entrypoint: launch.path,
            files: files.clone(),
            program,
            called: launch.called,
            directness,
            fixed: if facts.elf_type == ElfType::EXEC { facts.loads.clone() } else { Vec::new() },
            machine: if is_right { MachineFit::Right } else { MachineFit::Wrong },
            execution: execution(host, facts),
        })
    }

    /// The start that a run shows to be meant: it took `--help` for a program's name.
    pub(super) fn instead_of(&self, run: &RunEvidence) -> Option<Self> {
        let command = self.instead.clone().filter(|_| run.takes_help_for_command())?;
        Some(Self { command, instead: None, ..self.clone() })
    }

    /// The words by which QEMU executes the program: under the name that it is called by (`-0`).
    pub(super) fn emulated_words(&self) -> Vec<String> {
        let (name, words) =
            self.command.words.split_first().map_or(("", &[][..]), |it| (it.0, it.1));
        let beginning = ["-0", name, &self.called].map(str::to_owned);
        beginning.into_iter().chain(words.iter().cloned()).collect()
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
