//! Solves: the session, the calls and the progress, side by side.

use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{SolveRequest, SolveResponse, StatusRequest};
use tonic::Status;
use tonic::transport::Channel;

use crate::engine::{Engine, EngineError, build_platforms, control};
use crate::event::Events;
use crate::oci::Digest;
use crate::platform::Platform;
use crate::random::random_name;

use super::error::{BuildErrorKind, Failure};
use super::fault::{Fault, Faults};
use super::gateway::{self, Answers};
use super::plan::BuildPlan;
use super::progress::Trace;
use super::request::{Export, Prepared};
use super::session::{Session, SessionSpec};
use super::trace::{self, Graphs, Premises};
use super::{details, history};
use crate::evidence::build::BuildTrace;

/// What the exporter calls the digest of what it has exported.
const DIGEST_KEY: &str = "containerimage.digest";

/// How long the rest of the progress is waited for when the build has failed: the log of the step
/// that did is in there.
const REST_OF_LOG: Duration = Duration::from_secs(2);

/// The same when the result is there and the rest is only for people who wait.
const REST_OF_PROGRESS: Duration = Duration::from_millis(100);

/// How long BuildKit's record of a build is waited for. It is there when the build has ended.
const RECORD: Duration = Duration::from_secs(30);

/// How long a result is waited for when the engine has closed the session.
const LAST_WORD: Duration = Duration::from_secs(5);

/// A build for which both connections stand.
pub(super) struct Solver<'a> {
    engine: &'a Engine,
    plan: &'a BuildPlan,
    prepared: Prepared,
    session: Session,
    session_id: String,
    buildkit: Channel,
    faults: Faults,
}

impl<'a> Solver<'a> {
    /// Opens the connections.
    pub(super) async fn new(
        engine: &'a Engine,
        plan: &'a BuildPlan,
        archive: &Path,
    ) -> Result<Self, BuildErrorKind> {
        let prepared = Prepared::new(plan)?;
        let session_id = random_name().map_err(|it| no_randomness(&it))?;
        let faults = Faults::default();
        let spec = SessionSpec {
            id: &session_id,
            shared_key: &prepared.shared_key(),
            roots: prepared.roots.clone(),
            archive: archive.to_owned(),
            credentials: plan.credentials.clone(),
            faults: faults.clone(),
        };
        let session = Session::open(engine, spec).await.map_err(|cause| {
            let endpoint = engine.endpoint().clone();
            BuildErrorKind::Engine(EngineError::NoBuildKit { endpoint, cause })
        })?;
        let buildkit = engine.buildkit().await.map_err(BuildErrorKind::Engine)?;
        Ok(Self { engine, plan, prepared, session, session_id, buildkit, faults })
    }

    /// Solves once for each export, in order; the first tells its progress, the others find all
    /// its steps done.
    pub(super) async fn solve(
        self,
        exports: &[Export<'_>],
        events: &Events,
    ) -> Result<Solved, Failure> {
        let Self { engine, plan, prepared, session, session_id, buildkit, faults } = self;
        let control = control(buildkit.clone());
        let silent = Events::ignored();
        let calls = async {
            let mut recipe = plan.recipe_at(engine.platform());
            let asked = gateway::ask(&control, &buildkit, &session_id, &prepared, &recipe);
            let Answers { unfit, checks } = asked.await;
            recipe.unfit = unfit;
            let premises = Premises { recipe, checks };
            let mut digests = Vec::new();
            let mut first = None;
            for (index, export) in exports.iter().enumerate() {
                let reference = random_name().map_err(|it| no_randomness(&it))?;
                let request = prepared.request(&reference, &session_id, export);
                let mut trace = Trace::new(if index == 0 { events } else { &silent });
                let response = call(control.clone(), request, &mut trace).await;
                let response = match response {
                    Ok(response) => response,
                    Err(status) => {
                        let asking = build_platforms(control.clone());
                        return Err(failure(&status, plan, &trace, &premises, asking).await);
                    }
                };
                let stated = response.exporter_response.get(DIGEST_KEY);
                digests.extend(stated.and_then(|it| it.parse::<Digest>().ok()));
                first.get_or_insert((reference, trace));
            }
            Ok((digests, first, premises))
        };
        let outcome = alongside(session, Box::pin(calls)).await;
        let (digests, first, premises) = match (outcome, faults.take()) {
            // A login that a question before the build would have needed, and the build did not.
            (Ok(done), None | Some(Fault::Credentials(_))) => done,
            (Err(failure), Some(Fault::Credentials(_))) if !failure.is_of_base() => {
                return Err(failure);
            }
            (_, Some(fault)) => return Err(BuildErrorKind::from(fault).into()),
            (Err(failure), None) => return Err(failure),
        };
        let (reference, live) = first.ok_or_else(|| BuildErrorKind::Refused {
            message: "nothing was to be exported".to_owned(),
        })?;
        let trace = Recorder { control, buildkit, reference: &reference, premises };
        Ok(Solved { digests, trace: trace.trace(&live).await })
    }
}

/// What solves came to.
pub(super) struct Solved {
    /// The digest of each thing that was exported.
    pub(super) digests: Vec<Digest>,
    /// What the first of them did.
    pub(super) trace: BuildTrace,
}

/// Asks BuildKit what it has done.
struct Recorder<'a> {
    control: ControlClient<Channel>,
    buildkit: Channel,
    /// The name of the solve.
    reference: &'a str,
    premises: Premises,
}

impl Recorder<'_> {
    /// The trace of a build that went well, at best from BuildKit's own record of it.
    async fn trace(self, live: &Trace<'_>) -> BuildTrace {
        let recorded = tokio::time::timeout(RECORD, self.recorded()).await;
        let recorded =
            recorded.unwrap_or_else(|_| Err("the engine does not give it away".to_owned()));
        recorded.unwrap_or_else(|error| {
            let because = format!("the engine's record of the build cannot be read: {error}");
            trace::claimed(live, &self.premises, None, &because)
        })
    }

    async fn recorded(&self) -> Result<BuildTrace, String> {
        let words = |status: Status| status.message().to_owned();
        let mut control = self.control.clone();
        let statements = history::statements(&mut control, &self.buildkit, self.reference).await;
        let graphs = Graphs::read(&statements.map_err(words)?)?;
        // What was heard live may lack the end; of a build that has ended BuildKit tells all.
        let silent = Events::ignored();
        let mut whole = Trace::new(&silent);
        let request = StatusRequest { r#ref: self.reference.to_owned() };
        let mut messages = control.status(request).await.map_err(words)?.into_inner();
        while let Some(message) = messages.message().await.map_err(words)? {
            whole.take(message);
        }
        Ok(trace::recorded(&graphs, &whole, &self.premises))
    }
}

/// Says why a build failed; whom it has to ask for it is asked what platforms are executed.
async fn failure(
    status: &Status,
    plan: &BuildPlan,
    trace: &Trace<'_>,
    premises: &Premises,
    asking: impl Future<Output = Result<Vec<Platform>, Status>>,
) -> Failure {
    let mut kind = details::explain(status, plan, trace);
    if let BuildErrorKind::Step(step) = &mut kind
        && step.has_format_error()
    {
        // Where there is no answer, nothing is known to be executed.
        let executed = tokio::time::timeout(LAST_WORD, asking).await;
        let executed = executed.ok().and_then(Result::ok).unwrap_or_default();
        step.emulation = details::emulation(step, plan, &executed);
    }
    let because = "BuildKit keeps no record of a build that fails";
    let claimed = trace::claimed(trace, premises, details::lines(status), because);
    Failure::after(claimed, kind)
}

/// Serves the session while something works that needs it.
async fn alongside<T>(
    session: Session,
    mut work: Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + '_>>,
) -> Result<T, Failure> {
    tokio::select! {
        outcome = &mut work => outcome,
        _ = Box::pin(session.serve()) => {
            // The engine has hung up. It may have said why on the other connection.
            tokio::time::timeout(LAST_WORD, work).await.unwrap_or_else(|_| {
                let message = "it has closed the session".to_owned();
                Err(BuildErrorKind::EngineLost { message }.into())
            })
        }
    }
}

/// Makes one call and follows its progress.
async fn call(
    control: ControlClient<Channel>,
    request: SolveRequest,
    trace: &mut Trace<'_>,
) -> Result<SolveResponse, Status> {
    let reference = request.r#ref.clone();
    let mut caller = control.clone();
    let mut call = pin!(async { caller.solve(request).await.map(tonic::Response::into_inner) });
    let (heard, hearing) = tokio::sync::watch::channel(false);
    let mut watch = pin!(watch(control, reference, trace, heard));
    let mut is_watched = true;
    let outcome = loop {
        tokio::select! {
            outcome = &mut call => break outcome,
            () = &mut watch, if is_watched => is_watched = false,
        }
    };
    // A call that is refused at once never appears in the progress, and BuildKit lets those who
    // ask for it wait in vain.
    if is_watched && (outcome.is_ok() || *hearing.borrow()) {
        let patience = if outcome.is_ok() { REST_OF_PROGRESS } else { REST_OF_LOG };
        let _ = tokio::time::timeout(patience, watch).await;
    }
    outcome
}

/// Follows the progress to its end. It is for people who wait: that it breaks off is no error.
async fn watch(
    mut control: ControlClient<Channel>,
    reference: String,
    trace: &mut Trace<'_>,
    heard: tokio::sync::watch::Sender<bool>,
) {
    let Ok(answer) = control.status(StatusRequest { r#ref: reference }).await else { return };
    let mut messages = answer.into_inner();
    while let Ok(Some(message)) = messages.message().await {
        trace.take(message);
        heard.send_replace(true);
    }
}

fn no_randomness(error: &std::io::Error) -> BuildErrorKind {
    BuildErrorKind::Refused { message: format!("the system has no random numbers: {error}") }
}
