//! What a session leaves in the engine is removed.

use std::time::Duration;

use thiserror::Error;

use crate::engine::Engine;
use crate::run::Session;

/// How long cleaning up may take.
pub(super) const CLEANING_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the engine may take to finish a request whose client has gone.
const SETTLING_TIME: Duration = Duration::from_millis(500);

/// The engine may still hold what was put into it.
#[derive(Debug, Error)]
#[error("the engine may still hold containers with the label {filter}: {why}")]
pub struct Leftovers {
    filter: String,
    why: String,
}

/// Removes a session whose work was broken off: what the engine was just asked to make may come into
/// being after the first look.
pub(super) async fn remove_after_interruption(
    engine: &Engine,
    session: &Session,
) -> Result<(), Leftovers> {
    let _ = remove(engine, session).await;
    tokio::time::sleep(SETTLING_TIME).await;
    remove(engine, session).await
}

/// Removes everything of a session.
pub(super) async fn remove(engine: &Engine, session: &Session) -> Result<(), Leftovers> {
    let why = match tokio::time::timeout(CLEANING_TIMEOUT, session.clean(engine)).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the engine did not answer within {} s", CLEANING_TIMEOUT.as_secs()),
    };
    Err(Leftovers { filter: session.filter(), why })
}
