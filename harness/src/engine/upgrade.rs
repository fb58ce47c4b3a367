//! The engine's socket below HTTP: a plain request, and the upgrade to a raw stream.
//!
//! BuildKit inside the engine is reached by an HTTP/1.1 `Upgrade: h2c`: at `/grpc` the engine is
//! the gRPC server, at `/session` it is the client and calls back. HTTP libraries hide the stream
//! after an upgrade, so the few lines of HTTP are written here.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::endpoint::Endpoint;

/// How long a connection and the answer to its first request may take. An engine under full load
/// answers in well under a second; one that takes longer than this is stuck.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// The longest answer head that is read.
const MAX_HEAD: usize = 16 << 10;

/// A connection to the engine.
#[derive(Debug)]
pub(crate) enum Connection {
    /// Over a Unix socket.
    Unix(UnixStream),
    /// Over TCP.
    Tcp(TcpStream),
}

/// A header of a request.
pub(crate) type Header = (&'static str, String);

/// The status line and headers of an answer.
pub(crate) struct Head(String);

impl Head {
    pub(crate) fn status_line(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    fn status(&self) -> Option<u16> {
        self.status_line().split(' ').nth(1)?.parse().ok()
    }
}

impl Connection {
    /// Connects, within a bounded time.
    pub(crate) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        bounded(async {
            match endpoint {
                Endpoint::Unix(path) => UnixStream::connect(path).await.map(Self::Unix),
                Endpoint::Tcp { host, port } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await?;
                    stream.set_nodelay(true)?;
                    Ok(Self::Tcp(stream))
                }
            }
        })
        .await
    }

    /// Connects and turns the connection into a raw stream at a path of the engine's.
    ///
    /// # Errors
    ///
    /// The system's error, or an answer other than `101`, as [`io::ErrorKind::Unsupported`].
    pub(crate) async fn upgrade(
        endpoint: &Endpoint,
        path: &str,
        headers: &[Header],
    ) -> io::Result<Self> {
        let mut connection = Self::open(endpoint).await?;
        let upgrade = [("Connection", "Upgrade".to_owned()), ("Upgrade", "h2c".to_owned())];
        let head = bounded(connection.request("POST", path, upgrade.iter().chain(headers))).await?;
        if head.status() == Some(101) {
            return Ok(connection);
        }
        let answer = format!("the engine answered `{}` to {path}", head.status_line());
        Err(io::Error::new(io::ErrorKind::Unsupported, answer))
    }

    /// Asks whether an engine answers at all.
    pub(crate) async fn ping(endpoint: &Endpoint) -> io::Result<()> {
        let mut connection = Self::open(endpoint).await?;
        let head = bounded(connection.request("GET", "/_ping", [].iter())).await?;
        if head.status() == Some(200) {
            return Ok(());
        }
        let answer = format!("it answered `{}`", head.status_line());
        Err(io::Error::new(io::ErrorKind::InvalidData, answer))
    }

    /// Sends a request without a body and reads the head of the answer, not a byte more.
    async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: impl Iterator<Item = &Header>,
    ) -> io::Result<Head> {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n");
        for (name, value) in headers {
            request.push_str(name);
            request.push_str(": ");
            request.push_str(value);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        self.write_all(request.as_bytes()).await?;
        self.read_head().await
    }

    async fn read_head(&mut self) -> io::Result<Head> {
        let mut head = Vec::new();
        // Byte by byte: what follows the head belongs to the upgraded stream.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == MAX_HEAD {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its answer has no end"));
            }
            head.push(self.read_u8().await?);
        }
        Ok(Head(String::from_utf8_lossy(&head).into_owned()))
    }
}

async fn bounded<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(CONNECT_TIMEOUT, work).await.unwrap_or_else(|_| {
        let seconds = CONNECT_TIMEOUT.as_secs();
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {seconds} s")))
    })
}

/// Forwards one method to whichever stream there is.
macro_rules! forward {
    ($self:ident, $method:ident($($argument:expr),*)) => {
        match $self.get_mut() {
            Connection::Unix(stream) => Pin::new(stream).$method($($argument),*),
            Connection::Tcp(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        forward!(self, poll_read(cx, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        forward!(self, poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_shutdown(cx))
    }
}
