//! The main job: a subject through the whole pipeline, from its Dockerfile to its verdict.

use std::collections::BTreeMap;
use std::path::Path;

use thiserror::Error;

use crate::build::{BuildPlan, CachePolicy, KeepAs, build};
use crate::case::{Case, Subject};
use crate::check::{Expectations, check};
use crate::engine::{Engine, ImageStore};
use crate::event::{Event, Events};
use crate::evidence::Evidence;
use crate::inspect::{FactsCache, ImageFacts, InspectError, inspect};
use crate::oci::{Digest, LayoutError, open_archive};
use crate::platform::Platform;
use crate::report::{Blocked, Outcome, Retry, Stage, SubjectReport};
use crate::run::{EngineRunner, RunEvidence, RunRequest, Session, Stored};
use crate::verdict::{Judgement, Known, Strictness};

/// What the user asks for beyond what the case says.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The platforms; empty leaves them to the case.
    pub platforms: Vec<Platform>,
    /// The platforms where the case names none either; empty leaves them to archproof.
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
    /// Which severities fail.
    pub strictness: Strictness,
}

/// A subject that was verified: its report and what it rests on.
#[derive(Debug)]
pub struct Verified {
    /// What came of it.
    pub report: SubjectReport,
    /// Everything observed; absent with the reason in the report.
    pub evidence: Option<Evidence>,
}

/// What is needed to verify subjects.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// Where images are built and run.
    pub engine: &'a Engine,
    /// What is left there goes by this name; whoever made it cleans up after it.
    pub session: &'a Session,
    /// What the user asks for.
    pub options: &'a Options,
    /// Who is told what goes on.
    pub events: &'a Events,
}

impl Verifier<'_> {
    /// Builds, inspects, runs and judges. Dropping the future stops it where it is; what is left
    /// in the engine then belongs to the session.
    pub async fn verify(&self, subject: &Subject) -> Verified {
        self.events.send(Event::SubjectStarted { subject: subject.name().to_owned() });
        let observed = self.observe(subject.case()).await;
        // Of this subject nothing is needed any more. What resists is tried again at the end.
        let _ = self.session.clean(self.engine).await;
        self.events.send(Event::SubjectFinished);
        let (outcome, evidence) = match observed {
            Ok(evidence) => {
                let judgement = judge(&evidence, subject.case(), self.options.strictness);
                (Outcome::Judged(judgement), Some(evidence))
            }
            Err(blocked) => (Outcome::Blocked(blocked), None),
        };
        let summary = subject.case().summary.clone();
        let subject = subject.name().to_owned();
        Verified { report: SubjectReport { subject, summary, outcome }, evidence }
    }

    async fn observe(&self, case: &Case) -> Result<Evidence, Blocked> {
        let folder = tempfile::tempdir()
            .map_err(|error| Blocked::new(Stage::Build, &error, Retry::Sensible))?;
        let file = folder.path().join("image.tar");
        let (platforms, stored) = self.build(case, &file).await?;
        let facts = self.inspect(&file, platforms).await?;
        let runs = self.run(case, &facts, stored).await;
        Ok(Evidence { image: facts, runs })
    }

    async fn build(&self, case: &Case, file: &Path) -> Result<(Vec<Platform>, Stored), Blocked> {
        let plan = self.plan(case);
        let built = build(self.engine, &plan, file, self.events).await.map_err(|error| {
            let retry = if error.is_retryable() { Retry::Sensible } else { Retry::Useless };
            Blocked::new(Stage::Build, &error, retry)
        })?;
        let names = plan.image_names(self.engine.store());
        let stored = match (self.engine.store(), names.first()) {
            (ImageStore::Containerd, Some(name)) => {
                Stored::Index { name: name.clone(), digest: built.index() }
            }
            _ => Stored::Variants(plan.platforms.iter().copied().zip(names).collect()),
        };
        Ok((plan.platforms, stored))
    }

    fn plan(&self, case: &Case) -> BuildPlan {
        let (spec, options) = (&case.build, self.options);
        let over = |mut own: BTreeMap<String, String>, given: &BTreeMap<String, String>| {
            own.extend(given.clone());
            own
        };
        BuildPlan {
            dockerfile: spec.dockerfile.clone(),
            context: spec.context.clone(),
            target: options.target.clone().or_else(|| spec.target.clone()),
            args: over(spec.args.clone(), &options.args),
            contexts: over(spec.contexts.clone(), &options.contexts),
            cache: options.cache,
            platforms: self.platforms(case),
            keep_as: KeepAs::Image(self.session.image_name()),
        }
    }

    /// The user's word, then the case's, then what everybody publishes.
    fn platforms(&self, case: &Case) -> Vec<Platform> {
        let named =
            [&self.options.platforms, &case.build.platforms, &self.options.default_platforms];
        let named = named.into_iter().find(|it| !it.is_empty());
        let mut platforms = named.cloned().unwrap_or_else(|| Platform::USUAL.to_vec());
        platforms.sort_unstable();
        platforms.dedup();
        platforms
    }

    async fn inspect(&self, file: &Path, requested: Vec<Platform>) -> Result<ImageFacts, Blocked> {
        let (file, events) = (file.to_owned(), self.events.clone());
        let cache = self.options.facts.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let image = open_archive(&file, None)?;
            let facts = inspect(&image, &requested, &cache, &events)?;
            if facts.variants.is_empty() && facts.oddities.is_empty() {
                return Err(Unreadable::Nothing);
            }
            Ok(facts)
        });
        let read: Result<_, Unreadable> = match reading.await {
            Ok(read) => read,
            Err(error) => Err(Unreadable::Crash(error)),
        };
        read.map_err(|error| Blocked::new(Stage::Inspect, &error, Retry::Useless))
    }

    async fn run(
        &self,
        case: &Case,
        facts: &ImageFacts,
        stored: Stored,
    ) -> BTreeMap<Digest, Vec<RunEvidence>> {
        let request = RunRequest {
            arguments: case.run.arguments.clone(),
            timeout: case.run.timeout.duration(),
        };
        let (engine, session) = (self.engine.clone(), self.session.clone());
        let runner = EngineRunner { engine, session, stored };
        runner.run(facts, &request, self.events).await
    }
}

/// Judges evidence by what a case says. Pure: saved evidence can be judged again.
#[must_use]
pub fn judge(evidence: &Evidence, case: &Case, strictness: Strictness) -> Judgement {
    let expectations =
        Expectations { arguments: case.run.arguments.clone(), run: case.run.expectation.clone() };
    let findings = check(evidence, &expectations);
    let known = Known { allow: &case.allow, expect: &case.expect, strictness };
    Judgement::of(evidence, findings, known)
}

#[derive(Debug, Error)]
enum Unreadable {
    #[error("the image that was built cannot be read")]
    Layout(#[from] LayoutError),
    #[error("the image cannot be read")]
    Inspect(#[from] InspectError),
    #[error("the image holds nothing to verify")]
    Nothing,
    #[error("archproof itself failed while it read the image")]
    Crash(#[source] tokio::task::JoinError),
}
