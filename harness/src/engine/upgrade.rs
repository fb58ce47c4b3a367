//! The engine's socket below its client: a plain request, and the upgrade to a raw stream.
//!
//! BuildKit inside the engine is reached by an HTTP/1.1 `Upgrade: h2c`: at `/grpc` the engine is
//! the gRPC server, at `/session` it is the client and calls back.

use std::io;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::endpoint::Endpoint;

/// How long a connection and the answer to its first request may take. An engine under full load
/// answers in well under a second; one that takes longer than this is stuck.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// The longest answer head that is read, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// A header of a request.
pub(crate) type Header = (&'static str, String);

/// Turns a new connection into a raw stream at a path of the engine's.
///
/// # Errors
///
/// The system's error, or an answer other than `101`, as [`io::ErrorKind::Unsupported`].
pub(crate) async fn upgrade(
    endpoint: &Endpoint,
    path: &str,
    headers: &[Header],
) -> io::Result<Upgraded> {
    let request = Request::builder().method(Method::POST).uri(path).header(HOST, "docker");
    let request = request.header(CONNECTION, "Upgrade").header(UPGRADE, "h2c");
    let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, value));
    let answer = ask(endpoint, request.body(String::new()).map_err(io::Error::other)?).await?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return hyper::upgrade::on(answer).await.map_err(io::Error::other);
    }
    let answer = format!("the engine answered `{}` to {path}", answer.status());
    Err(io::Error::new(io::ErrorKind::Unsupported, answer))
}

/// Asks whether an engine answers at all.
///
/// # Errors
///
/// The system's error, or an answer other than `200`.
pub(crate) async fn ping(endpoint: &Endpoint) -> io::Result<()> {
    let request = Request::builder().uri("/_ping").header(HOST, "docker").body(String::new());
    let answer = ask(endpoint, request.map_err(io::Error::other)?).await?;
    if answer.status() == StatusCode::OK {
        return Ok(());
    }
    let answer = format!("it answered `{}`", answer.status());
    Err(io::Error::new(io::ErrorKind::InvalidData, answer))
}

async fn ask(endpoint: &Endpoint, request: Request<String>) -> io::Result<Response<Incoming>> {
    let answer = async {
        match endpoint {
            Endpoint::Unix(path) => send(UnixStream::connect(path).await?, request).await,
            Endpoint::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                send(stream, request).await
            }
        }
    };
    tokio::time::timeout(CONNECT_TIMEOUT, answer).await.unwrap_or_else(|_| {
        let seconds = CONNECT_TIMEOUT.as_secs();
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {seconds} s")))
    })
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<String>,
) -> io::Result<Response<Incoming>> {
    let mut client = http1::Builder::new();
    let made = client.max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = made.map_err(io::Error::other)?;
    // It ends with the answer, or with whoever waits for it.
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.map_err(io::Error::other)
}
