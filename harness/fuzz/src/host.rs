//! Hosts of a network that is this machine alone.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use archproof::source::TransferLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// How long these hosts are waited for.
pub const LIMITS: TransferLimits = TransferLimits {
    silence: Duration::from_secs(1),
    rate: 1,
    window: Duration::from_secs(1),
    document: Duration::from_secs(2),
    blob: Duration::from_secs(2),
    pause: Duration::ZERO,
};

/// What hosts were asked, each by its number.
pub type Log = Arc<Mutex<Vec<(usize, String)>>>;

/// What a host answers to the text of a request.
pub type Answer = Arc<dyn Fn(usize, &str) -> Vec<u8> + Send + Sync>;

/// A runtime whose tasks end with it.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Binds a host to an address that none had lately: those of closed connections rest for a minute.
pub async fn bind() -> TcpListener {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let [_, second, third, fourth] = number.to_be_bytes();
    let address = Ipv4Addr::new(127, second, third, fourth.max(1));
    TcpListener::bind(SocketAddr::from((address, 0))).await.expect("a port of this machine")
}

/// The name of a host in addresses.
pub fn authority(host: &TcpListener) -> String {
    host.local_addr().expect("an address").to_string()
}

/// Answers every request to a host. It speaks no TLS.
pub fn serve(number: usize, host: TcpListener, answer: Answer, log: Log) {
    tokio::spawn(async move {
        while let Ok((stream, _)) = host.accept().await {
            tokio::spawn(answer_one(number, stream, Arc::clone(&answer), Arc::clone(&log)));
        }
    });
}

async fn answer_one(number: usize, mut stream: TcpStream, answer: Answer, log: Log) {
    let Some(request) = read(&mut stream).await else { return };
    log.lock().unwrap_or_else(PoisonError::into_inner).push((number, request.clone()));
    let answer = answer(number, &request);
    // Whoever asked may have gone.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

/// A head, and as much of a body as it announces.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let read = stream.read_buf(&mut request).await.ok()?;
        // TLS begins with this byte.
        if read == 0 || request[0] == 0x16 {
            return None;
        }
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|it| {
            it.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(text.into_owned());
        }
    }
}
