//! What verifying takes beside the subject: the engine, the logins, and a session that is cleaned up.

use std::io;
use std::sync::Arc;
use std::thread;

use super::cleanup::{CLEANING_TIMEOUT, Leftovers, remove, remove_after_interruption};
use super::reaper::Reaper;
use crate::build::variant_name;
use crate::engine::{Engine, EngineError, Environment, ImageStore};
use crate::event::Events;
use crate::folders::user_cache;
use crate::observe::{EngineAccess, Observer, Options};
use crate::oci::Digest;
use crate::platform::Platform;
use crate::run::{Session, SessionRecord};
use crate::source::Credentials;
use crate::subject::EngineNeed;

/// The engine, as far as a subject needs one, and everything that is left in it. Dropping it removes
/// that; [`clean`](Self::clean) does the same and says what could not be removed.
#[derive(Debug)]
pub struct Workplace {
    environment: Environment,
    connection: Connection,
    credentials: Credentials,
    session: Session,
    state: State,
    _record: Option<SessionRecord>,
}

#[derive(Debug)]
enum Connection {
    Unwanted,
    Made(Engine),
    Failed(Arc<EngineError>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InUse,
    Clean,
}

impl Workplace {
    /// Connects to the engine if it is needed, and removes what interrupted sessions left in it. An
    /// engine that does not answer is no error here: the subject that needs it is blocked.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers for the session's name.
    pub async fn open(environment: Environment, need: EngineNeed) -> io::Result<Self> {
        let session = Session::new()?;
        let connection = match need {
            EngineNeed::None => Connection::Unwanted,
            EngineNeed::Welcome | EngineNeed::Required => {
                match Engine::connect(&environment).await {
                    Ok(engine) => Connection::Made(engine),
                    Err(error) => Connection::Failed(Arc::new(error)),
                }
            }
        };
        let record = match &connection {
            Connection::Made(engine) => make_known(engine, &session).await,
            Connection::Unwanted | Connection::Failed(_) => None,
        };
        let credentials = Credentials::of(&environment);
        let state = State::InUse;
        Ok(Self { environment, connection, credentials, session, state, _record: record })
    }

    /// Has another process remove what is left if this one ends without doing so, for who does not handle
    /// signals. To be dropped after this.
    ///
    /// # Errors
    ///
    /// When the system starts no more processes.
    pub(super) fn guard(&self) -> io::Result<Option<Reaper>> {
        match &self.connection {
            Connection::Made(engine) => Reaper::start(engine.endpoint(), &self.session).map(Some),
            Connection::Unwanted | Connection::Failed(_) => Ok(None),
        }
    }

    /// What observes subjects here.
    #[must_use]
    pub fn observer<'a>(&'a self, options: &'a Options, events: &'a Events) -> Observer<'a> {
        let engine = match &self.connection {
            Connection::Unwanted => EngineAccess::Unwanted,
            Connection::Made(engine) => EngineAccess::Connected(engine),
            Connection::Failed(error) => EngineAccess::Unreachable(error),
        };
        let (credentials, session) = (&self.credentials, &self.session);
        Observer { engine, credentials, session, options, events }
    }

    /// The name and tag by which the engine starts a variant of what was built here: of the index, where
    /// the store keeps indexes, else of the variant. None without an engine.
    pub(super) fn image(&self, index: Digest, platform: Platform) -> Option<(String, String)> {
        let Connection::Made(engine) = &self.connection else { return None };
        let name = self.session.image_name();
        let (repository, tag) = name.rsplit_once(':')?;
        Some(match engine.store() {
            ImageStore::Containerd => (format!("{repository}@sha256"), index.hex()),
            ImageStore::Classic => {
                let name = variant_name(&name, platform);
                let (repository, tag) = name.rsplit_once(':').unwrap_or((&name, tag));
                (repository.to_owned(), tag.to_owned())
            }
        })
    }

    /// The label by which this session's containers are found and removed.
    pub(super) fn label(&self) -> (&'static str, &str) {
        self.session.label()
    }

    /// Whether an engine answered.
    #[must_use]
    pub fn has_engine(&self) -> bool {
        matches!(self.connection, Connection::Made(_))
    }

    /// Removes everything of this session from the engine.
    ///
    /// # Errors
    ///
    /// When something could not be removed.
    pub async fn clean(&mut self) -> Result<(), Leftovers> {
        if let Connection::Made(engine) = &self.connection {
            remove(engine, &self.session).await?;
        }
        self.state = State::Clean;
        Ok(())
    }
}

impl Workplace {
    /// The same where work was broken off: what the engine was just asked to make may come into being
    /// after the first look.
    ///
    /// # Errors
    ///
    /// When something could not be removed.
    pub async fn clean_after_interruption(&mut self) -> Result<(), Leftovers> {
        if let Connection::Made(engine) = &self.connection {
            remove_after_interruption(engine, &self.session).await?;
        }
        self.state = State::Clean;
        Ok(())
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        if self.state == State::Clean || !self.has_engine() {
            return;
        }
        // Connections belong to the runtime that made them, which may be gone.
        let (environment, session) = (self.environment.clone(), self.session.clone());
        let cleaning = thread::Builder::new().spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                if let Ok(engine) = Engine::connect(&environment).await {
                    let _ = remove_after_interruption(&engine, &session).await;
                }
            });
        });
        // What is left then is removed by the next one that uses the engine.
        let _ = cleaning.map(thread::JoinHandle::join);
    }
}

/// Lets others know of this session, and removes what killed ones left. Without a folder for records
/// nobody cleans up after this one if it is killed.
async fn make_known(engine: &Engine, session: &Session) -> Option<SessionRecord> {
    let folder = user_cache()?.join("sessions");
    for stale in SessionRecord::stale(engine.endpoint(), &folder) {
        match tokio::time::timeout(CLEANING_TIMEOUT, stale.session.clean(engine)).await {
            Ok(Ok(())) => stale.forget(),
            _ => stale.keep(),
        }
    }
    SessionRecord::new(session, engine.endpoint(), &folder).ok()
}
