//! From a subject to its evidence: its image is built or found, read, and run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blocked::{Blocked, Reason};
use crate::build::{BuildPlan, CachePolicy, KeepAs, build, unbuilt};
use crate::case::Case;
use crate::emulator::{Emulators, is_own_fault};
use crate::engine::{Engine, EngineError, ImageStore};
use crate::event::{Event, Events};
use crate::evidence::build::{Provenance, Unbuilt};
use crate::evidence::image::{Content, EntryNumber, ImageFacts, Node, Variant};
use crate::evidence::run::{NotRun, Runs};
use crate::evidence::{Evidence, Observation};
use crate::facts_cache::FactsCache;
use crate::folders::user_cache;
use crate::inspect::inspect;
use crate::oci::{OpenImage, open_archive};
use crate::platform::Platform;
use crate::processor::Processors;
use crate::run::{EngineRunner, RunRequest, SandboxRunner, Session, Stored};
use crate::source::{Credentials, Opened, Opener, Source, TransferLimits};
use crate::subject::{Subject, SubjectKind};
use crate::temporary::TemporaryFolder;
use crate::tree::inspect_tree;

/// What the user asks for beyond what the case says.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The platforms.
    pub platforms: PlatformChoice,
    /// The platforms to build for where nobody named any; empty leaves them to archproof.
    pub default_platforms: Vec<Platform>,
    /// The stage to build, instead of the case's.
    pub target: Option<String>,
    /// Values for ARG, over the case's.
    pub args: BTreeMap<String, String>,
    /// Named contexts, over the case's.
    pub contexts: BTreeMap<String, String>,
    /// Whether results of earlier builds may be used.
    pub cache: CachePolicy,
    /// Where the facts of layers are kept.
    pub facts: FactsCache,
    /// What runs the variants.
    pub runner: RunnerChoice,
    /// The processors to run on, over the case's.
    pub processors: Processors,
    /// What makes sandboxes, and where; nowhere, if nobody has a folder for caches.
    pub sandbox: Option<SandboxRunner>,
    /// What becomes of an image that was built, when it has been verified.
    pub built: BuiltImage,
}

/// What becomes of an image that was built, when it has been verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuiltImage {
    /// The engine loses it at once.
    #[default]
    Removed,
    /// The engine has it until its session is cleaned up.
    Kept,
}

/// The platforms that the user wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlatformChoice {
    /// Nobody said: those of the case, or all that an image has.
    #[default]
    Unset,
    /// All that an image has; to be built, [`Platform::ALL`].
    All,
    /// These.
    These(Vec<Platform>),
}

/// What runs the variants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunnerChoice {
    /// Sandboxes, and where those can show nothing, the engine that built the image.
    #[default]
    Auto,
    /// Containers in the engine.
    Engine,
    /// Sandboxes, without an engine.
    Sandbox,
    /// Nothing: the image is judged by what it is.
    None,
}

/// What is known of an engine.
#[derive(Clone, Copy, Debug)]
pub enum EngineAccess<'a> {
    /// It answers.
    Connected(&'a Engine),
    /// It does not.
    Unreachable(&'a Arc<EngineError>),
    /// No subject wants one.
    Unwanted,
}

impl<'a> EngineAccess<'a> {
    /// The engine, if it answers.
    #[must_use]
    pub fn get(self) -> Option<&'a Engine> {
        match self {
            Self::Connected(engine) => Some(engine),
            Self::Unreachable(_) | Self::Unwanted => None,
        }
    }

    fn require(self) -> Result<&'a Engine, Blocked> {
        match self {
            Self::Connected(engine) => Ok(engine),
            Self::Unreachable(error) => Err(Reason::Engine(Arc::clone(error)).into()),
            Self::Unwanted => Err(Reason::NoEngine.into()),
        }
    }
}

/// What is needed to observe subjects.
#[derive(Clone, Copy, Debug)]
pub struct Observer<'a> {
    /// Where images are built and run.
    pub engine: EngineAccess<'a>,
    /// The logins for registries.
    pub credentials: &'a Credentials,
    /// What is left in the engine goes by this name; whoever made it cleans up after it.
    pub session: &'a Session,
    /// What the user asks for.
    pub options: &'a Options,
    /// Who is told what goes on.
    pub events: &'a Events,
}

/// An image whose files have been read.
struct Inspected {
    facts: ImageFacts,
    provenance: Provenance,
    origin: Origin,
}

/// Why there is no image to look at.
enum NoImage {
    Blocked(Blocked),
    /// The Dockerfile is at fault; to whom that says nothing, it is the error.
    Unbuilt(Box<Unbuilt>, Blocked),
}

impl From<Blocked> for NoImage {
    fn from(blocked: Blocked) -> Self {
        Self::Blocked(blocked)
    }
}

/// What a build has left.
struct Stock {
    platforms: Vec<Platform>,
    provenance: Provenance,
    stored: Stored,
}

/// Where an image can be run from.
enum Origin {
    /// The engine has it, and its archive lies in a folder that goes with this.
    Built { stored: Stored, image: OpenImage, _folder: TemporaryFolder },
    /// It was found.
    Found(OpenImage),
    /// An unpacked tree, which names no command.
    Tree,
}

impl Observer<'_> {
    /// What a subject's image is, without running anything.
    ///
    /// # Errors
    ///
    /// Why it cannot be found out.
    pub async fn facts(&self, subject: &Subject) -> Result<ImageFacts, Blocked> {
        match self.inspected(subject).await {
            Ok(inspected) => Ok(inspected.facts),
            Err(NoImage::Blocked(blocked) | NoImage::Unbuilt(_, blocked)) => Err(blocked),
        }
    }

    /// What a subject's image is and does. Dropping the future stops it where it is; what is left
    /// in the engine then belongs to the session.
    ///
    /// # Errors
    ///
    /// Why it cannot be found out.
    pub async fn observe(&self, subject: &Subject) -> Result<Observation, Blocked> {
        if self.options.runner == RunnerChoice::Engine {
            refuse_to_run(subject)?;
        }
        if let SubjectKind::Evidence(observation) = subject.kind() {
            return Ok(Observation::clone(observation));
        }
        let Inspected { facts, provenance, origin } = match self.inspected(subject).await {
            Ok(inspected) => inspected,
            Err(NoImage::Unbuilt(unbuilt, _)) => return Ok(Observation::Unbuilt(*unbuilt)),
            Err(NoImage::Blocked(blocked)) => return Err(blocked),
        };
        let runs = match (self.options.runner, origin) {
            (RunnerChoice::None, _) => not_run(&facts, &NotRun::Unwanted),
            (_, Origin::Tree) => not_run(&facts, &NotRun::NoCommand),
            (RunnerChoice::Auto, Origin::Built { stored, image, _folder }) => {
                self.run_anyhow(subject.case(), &facts, (&image, stored)).await?
            }
            (RunnerChoice::Engine, Origin::Built { stored, .. }) => {
                let all = facts.variants.iter().map(|it| it.entry).collect();
                self.run_in_engine(subject.case(), &facts, &all, stored).await?
            }
            (_, Origin::Built { image, .. } | Origin::Found(image)) => {
                self.run_in_sandboxes(subject.case(), &facts, &image).await?
            }
        };
        Ok(Observation::Image(Evidence { image: facts, runs, provenance }))
    }

    async fn inspected(&self, subject: &Subject) -> Result<Inspected, NoImage> {
        match subject.kind() {
            SubjectKind::Build => self.built(subject.case()).await,
            SubjectKind::Image(source) => Ok(self.found(source).await?),
            SubjectKind::Evidence(observation) => match &**observation {
                Observation::Image(Evidence { image, provenance, .. }) => Ok(Inspected {
                    facts: image.clone(),
                    provenance: provenance.clone(),
                    origin: Origin::Tree,
                }),
                Observation::Unbuilt(_) => Err(Blocked::from(Reason::NeverBuilt).into()),
            },
        }
    }

    async fn built(&self, case: &Case) -> Result<Inspected, NoImage> {
        let folder =
            TemporaryFolder::new().map_err(|error| Blocked::from(Reason::Folder(error)))?;
        let file = folder.path().join("image.tar");
        let Stock { platforms, provenance, stored } = self.build(case, &file).await?;
        let image = blocking(move || Ok(open_archive(&file, None)?)).await?;
        let facts = self.inspect(image.clone(), platforms).await?;
        let origin = Origin::Built { stored, image, _folder: folder };
        Ok(Inspected { facts, provenance, origin })
    }

    async fn build(&self, case: &Case, file: &Path) -> Result<Stock, NoImage> {
        let engine = self.engine.require()?;
        let plan = self.plan(case);
        let built = build(engine, &plan, file, self.events).await.map_err(|error| {
            let unbuilt = unbuilt(&error, &plan.platforms, &is_own_fault);
            let blocked = Reason::from(error).into();
            match unbuilt {
                Some(unbuilt) => NoImage::Unbuilt(Box::new(unbuilt), blocked),
                None => NoImage::Blocked(blocked),
            }
        })?;
        let names = plan.image_names(engine.store());
        let stored = match (engine.store(), names.first()) {
            (ImageStore::Containerd, Some(name)) => {
                Stored::Index { name: name.clone(), digest: built.index() }
            }
            _ => Stored::Variants(plan.platforms.iter().copied().zip(names).collect()),
        };
        let provenance = Provenance::Built(built.trace().clone());
        Ok(Stock { platforms: plan.platforms, provenance, stored })
    }

    fn plan(&self, case: &Case) -> BuildPlan {
        let (spec, options) = (&case.build, self.options);
        let over = |mut own: BTreeMap<String, String>, given: &BTreeMap<String, String>| {
            own.extend(given.clone());
            own
        };
        BuildPlan {
            dockerfile: spec.dockerfile.clone(),
            dockerfile_name: spec.dockerfile_name.clone(),
            context: spec.context.clone(),
            target: options.target.clone().or_else(|| spec.target.clone()),
            args: over(spec.args.clone(), &options.args),
            contexts: over(spec.contexts.clone(), &options.contexts),
            cache: options.cache,
            platforms: self.platforms_to_build(case),
            credentials: self.credentials.clone(),
            keep_as: KeepAs::Image(self.session.image_name()),
        }
    }

    /// The user's word, then the case's, then what everybody publishes.
    fn platforms_to_build(&self, case: &Case) -> Vec<Platform> {
        let mut platforms = match &self.options.platforms {
            PlatformChoice::All => Platform::ALL.to_vec(),
            PlatformChoice::These(platforms) => platforms.clone(),
            PlatformChoice::Unset => {
                let named = [&case.build.platforms, &self.options.default_platforms];
                let named = named.into_iter().find(|it| !it.is_empty());
                named.cloned().unwrap_or_else(|| Platform::USUAL.to_vec())
            }
        };
        platforms.sort_unstable();
        platforms.dedup();
        platforms
    }

    async fn found(&self, source: &Source) -> Result<Inspected, Blocked> {
        if let (Source::Engine(_), EngineAccess::Unreachable(error)) = (source, self.engine) {
            return Err(Reason::Engine(Arc::clone(error)).into());
        }
        let opener = Opener {
            engine: self.engine.get(),
            credentials: self.credentials,
            limits: TransferLimits::default(),
        };
        let found = opener.open(source).await.map_err(Reason::from)?;
        match found {
            Opened::Image { image, .. } => {
                let platforms = match &self.options.platforms {
                    PlatformChoice::These(platforms) => platforms.clone(),
                    PlatformChoice::All | PlatformChoice::Unset => Vec::new(),
                };
                let facts = self.inspect(image.clone(), platforms).await?;
                Ok(Inspected { facts, provenance: Provenance::Found, origin: Origin::Found(image) })
            }
            Opened::RootFs(folder) => {
                let facts = self.inspect_tree(folder).await?;
                Ok(Inspected { facts, provenance: Provenance::Found, origin: Origin::Tree })
            }
        }
    }

    async fn inspect(
        &self,
        image: OpenImage,
        requested: Vec<Platform>,
    ) -> Result<ImageFacts, Blocked> {
        let (events, cache) = (self.events.clone(), self.options.facts.clone());
        blocking(move || {
            let facts = inspect(&image, &requested, &cache)?;
            facts.variants.iter().for_each(|it| announce(it, &events));
            let is_empty = facts.variants.is_empty() && facts.unreadable.is_empty();
            if is_empty && facts.oddities.is_empty() && facts.unread.is_empty() {
                return Err(Reason::Nothing);
            }
            Ok(facts)
        })
        .await
    }

    async fn inspect_tree(&self, folder: PathBuf) -> Result<ImageFacts, Blocked> {
        let PlatformChoice::These(platforms) = &self.options.platforms else {
            return Err(Reason::WhichPlatform.into());
        };
        let [platform] = *platforms.as_slice() else {
            return Err(Reason::WhichPlatform.into());
        };
        let events = self.events.clone();
        blocking(move || {
            let tree = inspect_tree(&folder, platform)?;
            tree.image.variants.iter().for_each(|it| announce(it, &events));
            if tree.image.variants.iter().all(|it| it.files.is_empty()) {
                return Err(Reason::Nothing);
            }
            for mount in &tree.mounts {
                events.send(Event::NotEntered { path: mount.to_string() });
            }
            Ok(tree.image)
        })
        .await
    }

    /// In sandboxes; what those cannot show, the engine shows where it can.
    async fn run_anyhow(
        &self,
        case: &Case,
        facts: &ImageFacts,
        (image, stored): (&OpenImage, Stored),
    ) -> Result<BTreeMap<EntryNumber, Runs>, Blocked> {
        if self.options.sandbox.is_none() {
            let all = facts.variants.iter().map(|it| it.entry).collect();
            return self.run_in_engine(case, facts, &all, stored).await;
        }
        let mut runs = self.run_in_sandboxes(case, facts, image).await?;
        let unshown = |(entry, runs): (&EntryNumber, &Runs)| {
            let first = runs.as_ref().ok()?.first()?;
            Some((*entry, first.end.obstacle()?.to_owned()))
        };
        let unshown: BTreeMap<EntryNumber, String> = runs.iter().filter_map(unshown).collect();
        if unshown.is_empty() {
            return Ok(runs);
        }
        for variant in &facts.variants {
            if let Some(reason) = unshown.get(&variant.entry).cloned() {
                self.events.send(Event::SandboxBlocked { platform: variant.platform, reason });
            }
        }
        let wanted = unshown.into_keys().collect();
        let of_engine = self.run_in_engine(case, facts, &wanted, stored).await?;
        // Where neither shows anything, the sandbox has said why.
        let shows = |runs: &Runs| {
            let first = runs.as_ref().ok().and_then(|it| it.first());
            first.is_some_and(|it| it.end.is_of_program())
        };
        runs.extend(of_engine.into_iter().filter(|it| shows(&it.1)));
        Ok(runs)
    }

    async fn run_in_engine(
        &self,
        case: &Case,
        facts: &ImageFacts,
        wanted: &BTreeSet<EntryNumber>,
        stored: Stored,
    ) -> Result<BTreeMap<EntryNumber, Runs>, Blocked> {
        let request = self.request(case);
        let (engine, session) = (self.engine.require()?.clone(), self.session.clone());
        let runner = EngineRunner::new(engine, session, stored, Emulators::of_host());
        Ok(runner.run(facts, wanted, &request, self.events).await)
    }

    async fn run_in_sandboxes(
        &self,
        case: &Case,
        facts: &ImageFacts,
        image: &OpenImage,
    ) -> Result<BTreeMap<EntryNumber, Runs>, Blocked> {
        let runner = self.options.sandbox.clone().ok_or_else(|| {
            let has_folder = user_cache().is_some();
            if has_folder { Reason::NoProgram } else { Reason::NoSandbox }
        })?;
        Ok(runner.run(image, facts, &self.request(case), self.events).await)
    }

    fn request(&self, case: &Case) -> RunRequest {
        RunRequest {
            arguments: case.run.arguments.clone(),
            timeout: case.run.timeout.duration(),
            processors: self.options.processors.or(&case.run.processors),
        }
    }
}

/// No variant is run, all for the same reason.
fn not_run(facts: &ImageFacts, why: &NotRun) -> BTreeMap<EntryNumber, Runs> {
    facts.variants.iter().map(|it| (it.entry, Err(why.clone()))).collect()
}

/// What is not built here is not run here.
fn refuse_to_run(subject: &Subject) -> Result<(), Blocked> {
    let why = match subject.kind() {
        SubjectKind::Build | SubjectKind::Evidence(_) => return Ok(()),
        SubjectKind::Image(Source::Anywhere(_)) => Reason::NotHere(subject.name().to_owned()),
        SubjectKind::Image(_) => Reason::NotBuilt,
    };
    Err(why.into())
}

/// Does what blocks where it disturbs nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Reason> + Send + 'static,
) -> Result<T, Blocked> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|error| Err(Reason::Crash(error)));
    done.map_err(Blocked::from)
}

/// Tells who listens that a variant has been read.
fn announce(variant: &Variant, events: &Events) {
    let is_elf = |node: &Node| matches!(node.content(), Some(Content::Elf(_)));
    let elf_files = variant.files.iter().filter(|(_, node)| is_elf(node)).count();
    events.send(Event::Inspected { platform: variant.platform, elf_files });
}
