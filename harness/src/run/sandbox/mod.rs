//! The sandbox runner: each variant in namespaces of its own, without an engine and without root.

mod command;
mod error;
mod instruction;
mod place;
mod trace;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::Handle;

use super::RunRequest;
use super::at_once::{EntryRuns, run_all};
use super::first_process::insists_on_being_first;
use super::helper::Helper;
use super::layers::LayerStore;
use super::limits::{PROBE_TIMEOUT, RUNS_TIMEOUT};
use super::policy::run_variant;
use super::runner::Runner;
use super::start::Start;
use crate::emulator::{Emulator, Emulators, Notes, PROBED, probe};
use crate::error_chain::error_chain;
use crate::event::Events;
use crate::evidence::image::{EntryNumber, ImageFacts};
use crate::evidence::run::{Instruction, RunEnd, RunEvidence, Runs};
use crate::folders::user_cache;
use crate::oci::{Descriptor, Digest, OpenImage};
use crate::platform::Platform;
use crate::processor::{CpuModel, Processors};
use crate::sandbox::{Command, Rank};
use command::command_of;
use error::SandboxError;
use place::{Emulated, Errors, Place, evidence};

/// Why programs of a platform do not run here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ProbeError(String);

/// Runs variants in sandboxes.
#[derive(Clone, Debug)]
pub struct SandboxRunner {
    /// What enters them.
    pub helper: Helper,
    /// Where unpacked layers are kept, and what emulators say of themselves.
    pub folder: PathBuf,
    /// What executes programs of other machines.
    pub emulators: Emulators,
}

impl SandboxRunner {
    /// With the emulators of this machine, and a folder beside what else is kept for the user; `None`
    /// where there is no folder for that, or the system does not name this program.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let folder = user_cache()?.join("sandbox");
        let helper = Helper::this_program().ok()?;
        Some(Self { helper, folder, emulators: Emulators::of_host() })
    }

    /// Runs every variant that can be started, as many at once as the machine has cores, and says of
    /// every other why it is not run.
    pub async fn run(
        self,
        image: &OpenImage,
        facts: &ImageFacts,
        request: &RunRequest,
        events: &Events,
    ) -> BTreeMap<EntryNumber, Runs> {
        let host = Platform::of_host();
        let (starts, mut runs) = Start::of_all(facts, &request.arguments, host);
        let with_command = |(variant, start)| {
            let command = command_of(variant, &start);
            (start, command)
        };
        let starts: Vec<(Start, Command)> = starts.into_iter().map(with_command).collect();
        let store = match LayerStore::open(self.folder.clone()) {
            Ok(store) => store,
            Err(error) => {
                let ended = SandboxError::from(error).ended();
                let run = |start: &Start| evidence(start, CpuModel::Default, ended.clone(), "");
                runs.extend(starts.iter().map(|(it, _)| (it.entry, Ok(vec![run(it)]))));
                return runs;
            }
        };
        let shared = Arc::new((self, store, image.clone(), request.clone(), events.clone()));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let starts = starts.into_iter().map(|it| (it.0.entry, it)).collect();
        let made = run_all(starts, cores, RUNS_TIMEOUT, |running, (start, command)| {
            let shared = Arc::clone(&shared);
            running.spawn_blocking(move || {
                let (runner, store, image, request, events) = &*shared;
                runner.run_one((store, image), (start, command), request, events)
            });
        });
        runs.extend(made.await);
        runs
    }

    fn run_one(
        &self,
        from: (&LayerStore, &OpenImage),
        (start, command): (Start, Command),
        request: &RunRequest,
        events: &Events,
    ) -> EntryRuns {
        let place = self.prepare(from, &start, &request.processors);
        let rank = Cell::new(command.rank);
        let variant = PreparedVariant { place, command, rank, timeout: request.timeout };
        // A run blocks this thread, which is there for that.
        Handle::current().block_on(run_variant(&variant, start, events))
    }

    /// Everything but the run itself.
    fn prepare<'a>(
        &'a self,
        (store, image): (&'a LayerStore, &OpenImage),
        start: &Start,
        processors: &Processors,
    ) -> Result<Place<'a>, SandboxError> {
        let promised = processors.of_platform(start.platform)?;
        let emulator = self.emulators.find(&start.platform.facts())?;
        let (emulated, version) = self.emulated(start.platform, &emulator)?;
        let layers = store.unpack(&self.helper, image, &layers_of(image, start.manifest)?)?;
        Ok(Place { helper: &self.helper, store, layers, emulated, promised, version })
    }

    /// Runs a program of a platform that does nothing, to see whether any would run. Gives the
    /// emulator's version. Blocks.
    ///
    /// # Errors
    ///
    /// What keeps programs of the platform from running here.
    pub fn probe(&self, platform: Platform, cpu: &CpuModel) -> Result<String, ProbeError> {
        let failed = |error: SandboxError| ProbeError(error_chain(&error).join(": "));
        let emulator = self.emulators.find(&platform.facts()).map_err(|it| failed(it.into()))?;
        let (emulated, version) = self.emulated(platform, &emulator).map_err(failed)?;
        let store = LayerStore::open(self.folder.clone()).map_err(|it| failed(it.into()))?;
        let layer = store.layer_of("probe", &probe(platform)).map_err(|it| failed(it.into()))?;
        let (promised, layers) = (cpu.clone(), vec![layer.files()]);
        let place =
            Place { helper: &self.helper, store: &store, layers, emulated, promised, version };
        let command = Command {
            words: vec!["/probe".to_owned()],
            env: Vec::new(),
            working_dir: "/".to_owned(),
            directories: Vec::new(),
            files: Vec::new(),
            uid: 0,
            gid: 0,
            rank: Rank::Later,
        };
        let ended = place.obey(command, cpu, Errors::OfProgram, PROBE_TIMEOUT).map_err(failed)?;
        match ended.end {
            RunEnd::Exited { code: PROBED } => Ok(place.version),
            end => {
                let printed = ended.stderr.text.trim().to_owned();
                Err(ProbeError([end.to_string(), printed].join(": ")))
            }
        }
    }

    /// All programs of the variant's machine go through the emulator, those of the host's own
    /// architecture too. So do those that its processors execute besides, as amd64's do 386's, where
    /// there is an emulator for them. Gives the emulator's version as well.
    fn emulated(
        &self,
        platform: Platform,
        emulator: &Emulator,
    ) -> Result<(Emulated, String), SandboxError> {
        let folder = self.folder.join("notes");
        let unusable = |source| SandboxError::Notes { folder: folder.clone(), source };
        let notes = Notes::open(folder.clone()).map_err(unusable)?;
        let mut emulated = vec![(platform.elf_target(), emulator.path.clone())];
        for other in platform.facts().executes {
            if let Ok(its) = self.emulators.find(other) {
                emulated.push((other.elf, its.path));
            }
        }
        Ok((emulated, emulator.version(&notes)?))
    }
}

/// A variant that is unpacked, or why it is not.
struct PreparedVariant<'a> {
    place: Result<Place<'a>, SandboxError>,
    command: Command,
    /// Whether the program has shown that it has to be the first process.
    rank: Cell<Rank>,
    timeout: Duration,
}

impl Runner for PreparedVariant<'_> {
    async fn promised(&self, start: &Start) -> Result<CpuModel, Box<RunEvidence>> {
        match &self.place {
            Ok(place) => Ok(place.promised.clone()),
            Err(error) => Err(Box::new(evidence(start, CpuModel::Default, error.ended(), ""))),
        }
    }

    async fn run(&self, start: &Start, cpu: &CpuModel) -> RunEvidence {
        let place = match &self.place {
            Ok(place) => place,
            Err(error) => return evidence(start, CpuModel::Default, error.ended(), ""),
        };
        let run = place.run(start, &self.command_of(start), cpu, self.timeout);
        let is_later = self.rank.get() == Rank::Later;
        if is_later && insists_on_being_first(&run.end, [&run.stderr, &run.stdout]) {
            self.rank.set(Rank::First);
            return place.run(start, &self.command_of(start), cpu, self.timeout);
        }
        run
    }

    /// Emulators have races of their own.
    fn after_fault(&self, _start: &Start, cpu: &CpuModel) -> Option<CpuModel> {
        Some(cpu.clone())
    }

    async fn instruction(&self, start: &Start, _cpu: &CpuModel) -> Option<Instruction> {
        self.place.as_ref().ok()?.instruction(start, &self.command_of(start), self.timeout)
    }
}

impl PreparedVariant<'_> {
    fn command_of(&self, start: &Start) -> Command {
        let words = start.command.words.clone();
        Command { words, rank: self.rank.get(), ..self.command.clone() }
    }
}

/// The layers of a variant, lowest first, as its manifest names them.
fn layers_of(image: &OpenImage, manifest: Digest) -> Result<Vec<Descriptor>, SandboxError> {
    let descriptor = image.root().manifests().find(|it| it.digest == manifest);
    let descriptor = descriptor.ok_or(SandboxError::NoManifest(manifest))?;
    Ok(image.manifest(descriptor)?.layers)
}
