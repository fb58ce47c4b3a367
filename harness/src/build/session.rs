//! The session of a build: the services that BuildKit calls back.
//!
//! The engine is the client on this connection. Everything that runs on its behalf runs within
//! [`Session::serve`]: when that is dropped, the connection is closed and nothing is left over.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use bollard_buildkit_proto::moby::filesync::v1::BytesMessage;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::AuthServer;
use bollard_buildkit_proto::moby::filesync::v1::file_send_server::{FileSend, FileSendServer};
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSyncServer;
use futures_util::Stream;
use hyper::server::conn::http2;
use hyper::upgrade::Upgraded;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use crate::engine::Engine;
use crate::source::Credentials;

use super::fault::{Fault, Faults};
use super::filesync::Folders;
use super::logins::Logins;

/// What HTTP/2 lets the engine send before it must wait. With the default of 64 KiB many small
/// messages are many small frames, which the server takes for an attack (`too_many_data_frames`);
/// 4 MiB was not enough.
const WINDOW: u32 = 64 << 20;

/// The size of all headers of a call: a long `.dockerignore` comes as headers. HTTP/2's servers
/// take 16 KiB by default.
const MAX_HEADERS: u32 = 16 << 20;

/// The largest message from BuildKit; it sends archives in pieces of at most 3 MiB.
const MAX_MESSAGE: usize = 16 << 20;

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A connection on which BuildKit may call.
pub(super) struct Session {
    connection: Upgraded,
    folders: Folders,
    logins: Logins,
    archive: Archive,
}

/// What a session is made of.
pub(super) struct SessionSpec<'a> {
    /// Unique among the sessions of the engine.
    pub(super) id: &'a str,
    /// The same for the same local folders: BuildKit then asks for what has changed only.
    pub(super) shared_key: &'a str,
    /// The folders that the build may read, by name.
    pub(super) roots: BTreeMap<String, PathBuf>,
    /// The file to write the result to.
    pub(super) archive: PathBuf,
    /// What registries are shown.
    pub(super) credentials: Credentials,
    /// Where to record what goes wrong here.
    pub(super) faults: Faults,
}

impl Session {
    /// Opens a session with the engine.
    pub(super) async fn open(engine: &Engine, spec: SessionSpec<'_>) -> std::io::Result<Self> {
        let mut headers = vec![
            ("X-Docker-Expose-Session-Uuid", spec.id.to_owned()),
            ("X-Docker-Expose-Session-Name", "archproof".to_owned()),
            ("X-Docker-Expose-Session-Sharedkey", spec.shared_key.to_owned()),
        ];
        let methods = [
            "/moby.filesync.v1.FileSync/DiffCopy",
            "/moby.filesync.v1.FileSend/DiffCopy",
            "/moby.filesync.v1.Auth/Credentials",
            "/grpc.health.v1.Health/Check",
        ];
        headers.extend(methods.map(|it| ("X-Docker-Expose-Session-Grpc-Method", it.to_owned())));
        let connection = engine.upgrade("/session", &headers).await?;
        let folders = Folders { roots: Arc::new(spec.roots), faults: spec.faults.clone() };
        let logins = Logins::new(spec.credentials, spec.faults.clone());
        let archive = Archive { path: spec.archive, faults: spec.faults };
        Ok(Self { connection, folders, logins, archive })
    }

    /// Answers until the engine hangs up.
    pub(super) async fn serve(self) -> Result<(), hyper::Error> {
        let send = FileSendServer::new(self.archive).max_decoding_message_size(MAX_MESSAGE);
        let routes = Routes::new(HealthServer::new(Alive))
            .add_service(AuthServer::new(self.logins))
            .add_service(FileSyncServer::new(self.folders))
            .add_service(send)
            .prepare();
        http2::Builder::new(Scope::default())
            .initial_connection_window_size(WINDOW)
            .initial_stream_window_size(WINDOW)
            .max_header_list_size(MAX_HEADERS)
            .serve_connection(self.connection, TowerToHyperService::new(routes))
            .await
    }
}

/// Runs the calls of a connection, and drops them with it.
#[derive(Clone, Default)]
struct Scope(Arc<Mutex<JoinSet<()>>>);

impl<F> hyper::rt::Executor<F> for Scope
where
    F: Future + Send + 'static,
{
    fn execute(&self, call: F) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.spawn(async move {
            call.await;
        });
        // Forget those that have ended.
        while calls.try_join_next().is_some() {}
    }
}

/// Receives the archive that BuildKit exports.
struct Archive {
    path: PathBuf,
    faults: Faults,
}

impl Archive {
    async fn write(&self, mut pieces: Streaming<BytesMessage>) -> Result<(), Status> {
        let fail = |cause: std::io::Error| {
            let status = Status::internal(format!("{}: {cause}", self.path.display()));
            self.faults.record(Fault::Unwritable { path: self.path.clone(), cause });
            status
        };
        let file = tokio::fs::File::create(&self.path).await.map_err(fail)?;
        let mut file = tokio::io::BufWriter::with_capacity(1 << 20, file);
        while let Some(piece) = pieces.message().await? {
            file.write_all(&piece.data).await.map_err(fail)?;
        }
        file.flush().await.map_err(fail)
    }
}

#[tonic::async_trait]
impl FileSend for Archive {
    type DiffCopyStream = Replies<BytesMessage>;

    async fn diff_copy(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        self.write(request.into_inner()).await?;
        Ok(Response::new(Box::pin(futures_util::stream::empty())))
    }
}

/// Says that the session lives: BuildKit asks every few seconds.
struct Alive;

#[tonic::async_trait]
impl Health for Alive {
    type WatchStream = Replies<HealthCheckResponse>;

    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("there is one service"))
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("there is nothing to watch"))
    }
}
