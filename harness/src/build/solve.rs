//! Solves: the session, the calls and the progress, side by side.

use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{SolveRequest, SolveResponse, StatusRequest};
use tonic::Status;
use tonic::transport::Channel;

use crate::engine::{Engine, EngineError};
use crate::event::Events;
use crate::oci::Digest;
use crate::random::random_name;

use super::error::BuildErrorKind;
use super::fault::Faults;
use super::progress::Trace;
use super::request::{Export, Prepared};
use super::session::{Session, SessionSpec};
use super::{BuildPlan, details};

/// What the exporter calls the digest of what it has exported.
const DIGEST_KEY: &str = "containerimage.digest";

/// How long the rest of the progress is waited for when the build has failed: the log of the step
/// that did is in there.
const REST_OF_LOG: Duration = Duration::from_secs(2);

/// The same when the result is there and the rest is only for people who wait.
const REST_OF_PROGRESS: Duration = Duration::from_millis(100);

/// How long a result is waited for when the engine has closed the session.
const LAST_WORD: Duration = Duration::from_secs(5);

/// A build for which both connections stand.
pub(super) struct Solver<'a> {
    plan: &'a BuildPlan,
    prepared: Prepared,
    session: Session,
    session_id: String,
    control: ControlClient<Channel>,
    faults: Faults,
}

impl<'a> Solver<'a> {
    /// Opens the connections.
    pub(super) async fn new(
        engine: &Engine,
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
            faults: faults.clone(),
        };
        let session = Session::open(engine, spec).await.map_err(|cause| {
            let endpoint = engine.endpoint().clone();
            BuildErrorKind::Engine(EngineError::NoBuildKit { endpoint, cause })
        })?;
        let control = engine.control().await.map_err(BuildErrorKind::Engine)?;
        Ok(Self { plan, prepared, session, session_id, control, faults })
    }

    /// Solves once for each export, in order; the first tells its progress, the others find all
    /// its steps done. Returns the digest of each that exports something.
    pub(super) async fn solve(
        self,
        exports: &[Export<'_>],
        events: &Events,
    ) -> Result<Vec<Digest>, BuildErrorKind> {
        let Self { plan, prepared, session, session_id, control, faults } = self;
        let silent = Events::ignored();
        let calls = async {
            let mut digests = Vec::new();
            for (index, export) in exports.iter().enumerate() {
                let request = prepared.request(
                    &random_name().map_err(|it| no_randomness(&it))?,
                    &session_id,
                    export,
                );
                let mut trace = Trace::new(if index == 0 { events } else { &silent });
                let response = call(control.clone(), request, &mut trace).await;
                let response = response.map_err(|it| details::explain(&it, plan, &trace))?;
                let stated = response.exporter_response.get(DIGEST_KEY);
                digests.extend(stated.and_then(|it| it.parse::<Digest>().ok()));
            }
            Ok(digests)
        };
        let outcome = alongside(session, Box::pin(calls)).await;
        match faults.take() {
            Some(fault) => Err(fault.into()),
            None => outcome,
        }
    }
}

/// Serves the session while something works that needs it.
async fn alongside<T>(
    session: Session,
    mut work: Pin<Box<dyn Future<Output = Result<T, BuildErrorKind>> + Send + '_>>,
) -> Result<T, BuildErrorKind> {
    tokio::select! {
        outcome = &mut work => outcome,
        _ = Box::pin(session.serve()) => {
            // The engine has hung up. It may have said why on the other connection.
            tokio::time::timeout(LAST_WORD, work).await.unwrap_or_else(|_| {
                let message = "it has closed the session".to_owned();
                Err(BuildErrorKind::EngineLost { message })
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
