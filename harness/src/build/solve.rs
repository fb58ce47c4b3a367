//! One solve: the session, the call and the progress, side by side.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{SolveRequest, SolveResponse, StatusRequest};
use tonic::Status;
use tonic::transport::Channel;

use crate::engine::{Engine, EngineError};
use crate::event::Events;
use crate::oci::Digest;

use super::error::BuildErrorKind;
use super::fault::Faults;
use super::progress::Trace;
use super::request::Prepared;
use super::session::{Session, SessionSpec};
use super::{BuildPlan, details};

/// What the exporter calls the digest of what it has exported.
const DIGEST_KEY: &str = "containerimage.digest";

/// How long the rest of the progress is waited for when the result is there.
const REST_OF_PROGRESS: Duration = Duration::from_secs(2);

/// How long a result is waited for when the engine has closed the session.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Solves and returns the digest of the index.
pub(super) async fn solve(
    engine: &Engine,
    plan: &BuildPlan,
    prepared: Prepared,
    archive: &Path,
    events: &Events,
) -> Result<Digest, BuildErrorKind> {
    let session_id = new_id()?;
    let faults = Faults::default();
    let spec = SessionSpec {
        id: &session_id,
        shared_key: &prepared.shared_key(),
        roots: prepared.roots.clone(),
        archive: archive.to_owned(),
        faults: faults.clone(),
    };
    let session = Session::open(engine, spec).await.map_err(|cause| {
        BuildErrorKind::Engine(EngineError::NoBuildKit {
            endpoint: engine.endpoint().clone(),
            cause,
        })
    })?;
    let control = engine.control().await.map_err(BuildErrorKind::Engine)?;
    let request = prepared.request(&new_id()?, &session_id);
    let mut trace = Trace::new(events);
    let outcome = run(session, control, request, &mut trace).await;
    match (outcome, faults.take()) {
        (Ok(response), None) => digest(&response),
        (_, Some(fault)) => Err(fault.into()),
        (Err(status), None) => Err(details::explain(&status, plan, &trace)),
    }
}

/// Runs the call with all that it needs, until it has its result.
async fn run(
    session: Session,
    control: ControlClient<Channel>,
    request: SolveRequest,
    trace: &mut Trace<'_>,
) -> Result<SolveResponse, Status> {
    let reference = request.r#ref.clone();
    let mut caller = control.clone();
    let mut call = pin!(async { caller.solve(request).await.map(tonic::Response::into_inner) });
    let mut session = pin!(session.serve());
    let (heard, mut hearing) = tokio::sync::watch::channel(false);
    let mut watch = pin!(watch(control, reference, trace, heard));
    let mut is_watched = true;
    let outcome = loop {
        tokio::select! {
            outcome = &mut call => break outcome,
            () = &mut watch, if is_watched => is_watched = false,
            _ = &mut session => {
                break tokio::time::timeout(LAST_WORD, &mut call).await.unwrap_or_else(|_| {
                    Err(Status::unavailable("the engine has closed the session"))
                });
            }
        }
    };
    // A call that is refused at once never appears in the progress, and BuildKit lets those who
    // ask for it wait in vain.
    let was_heard = *hearing.borrow_and_update();
    if is_watched && (outcome.is_ok() || was_heard) {
        let _ = tokio::time::timeout(REST_OF_PROGRESS, watch).await;
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

fn digest(response: &SolveResponse) -> Result<Digest, BuildErrorKind> {
    let stated = response.exporter_response.get(DIGEST_KEY).and_then(|it| it.parse().ok());
    stated.ok_or_else(|| BuildErrorKind::Refused {
        message: format!("the exporter did not say the {DIGEST_KEY}"),
    })
}

/// A name that nobody else uses.
fn new_id() -> Result<String, BuildErrorKind> {
    let mut bytes = [0; 16];
    let flags = rustix::rand::GetRandomFlags::empty();
    rustix::rand::getrandom(&mut bytes[..], flags).map_err(|error| BuildErrorKind::Refused {
        message: format!("no random bytes: {error}"),
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
