//! Sends local folders to BuildKit: the `FileSync` service of a session.
//!
//! The receiver is sent the names of all files first, then asks for the contents of those that
//! it does not have yet, so a second build transfers what has changed and no more. Source:
//! [tonistiigi/fsutil](https://github.com/tonistiigi/fsutil), `send.go`: `STAT` for every entry
//! and an empty one at the end; `REQ` for a content, by its position among the `STAT`s; `DATA`
//! in pieces and an empty one at the end; `FIN` from the receiver and back.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bollard_buildkit_proto::fsutil::types::Packet;
use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSync;
use futures_util::Stream;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::{Request, Response, Status, Streaming};

use super::fault::{Fault, Faults};
use super::filter::{Filter, Wanted};
use super::walk::{Unreadable, is_regular, walk};

/// The bytes of a file in one packet.
const PIECE: usize = 64 << 10;

/// How many packets wait for the connection.
const QUEUE: usize = 32;

/// The folders that a build may read, by the names that its request gives them.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    pub(super) roots: Arc<BTreeMap<String, PathBuf>>,
    pub(super) faults: Faults,
}

/// The packets of one transfer. Dropping it ends the work behind it.
pub(super) struct Packets {
    packets: mpsc::Receiver<Result<Packet, Status>>,
    _work: JoinSet<()>,
}

impl Stream for Packets {
    type Item = Result<Packet, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.packets.poll_recv(cx)
    }
}

#[tonic::async_trait]
impl FileSync for Folders {
    type DiffCopyStream = Packets;
    type TarStreamStream = Packets;

    async fn diff_copy(
        &self,
        request: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let wanted = Wanted::from_metadata(request.metadata());
        let Some(root) = self.roots.get(&wanted.folder).cloned() else {
            return Err(Status::not_found(format!("no folder is named `{}`", wanted.folder)));
        };
        let (outgoing, packets) = mpsc::channel(QUEUE);
        let (requests, queue) = mpsc::channel(QUEUE);
        let sender =
            Sender { root, outgoing, offered: Arc::default(), faults: self.faults.clone() };
        let mut work = JoinSet::new();
        work.spawn_blocking({
            let sender = sender.clone();
            move || sender.send_names(&wanted)
        });
        work.spawn_blocking({
            let sender = sender.clone();
            move || sender.send_contents(queue)
        });
        work.spawn(sender.answer(request.into_inner(), requests));
        Ok(Response::new(Packets { packets, _work: work }))
    }

    async fn tar_stream(
        &self,
        _: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("folders are sent by DiffCopy alone"))
    }
}

/// One transfer.
#[derive(Clone)]
struct Sender {
    root: PathBuf,
    outgoing: mpsc::Sender<Result<Packet, Status>>,
    /// The regular files whose content has not been asked for, by the position of their `STAT`.
    offered: Arc<Mutex<HashMap<u32, String>>>,
    faults: Faults,
}

impl Sender {
    /// Sends a `STAT` for each entry and the empty one that ends them.
    fn send_names(&self, wanted: &Wanted) {
        let filter = match wanted.filter(&self.root) {
            Ok(filter) => filter,
            Err(error) => {
                let cause = io::Error::new(io::ErrorKind::InvalidInput, error);
                return self.fail(Unreadable { path: self.root.clone(), cause });
            }
        };
        match self.walk(&filter) {
            Ok(()) => drop(self.send(packet(PacketType::PacketStat, 0, Vec::new()))),
            Err(error) => self.fail(error),
        }
    }

    fn walk(&self, filter: &Filter) -> Result<(), Unreadable> {
        let mut position = 0;
        walk(&self.root, filter, &mut |stat| {
            if is_regular(&stat) {
                self.offered().insert(position, stat.path.clone());
            }
            position += 1;
            let packet =
                Packet { stat: Some(stat), ..packet(PacketType::PacketStat, 0, Vec::new()) };
            self.send(packet)
        })
    }

    /// Sends what is asked for, file by file.
    fn send_contents(&self, mut queue: mpsc::Receiver<u32>) {
        let mut piece = vec![0; PIECE];
        while let Some(id) = queue.blocking_recv() {
            let Some(name) = self.offered().remove(&id) else {
                return drop(self.outgoing.blocking_send(Err(Status::invalid_argument(format!(
                    "there is no file {id} to send"
                )))));
            };
            let path = self.root.join(name);
            match self.send_content(id, &path, &mut piece) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return,
                Err(cause) => return self.fail(Unreadable { path, cause }),
            }
        }
    }

    fn send_content(&self, id: u32, path: &Path, piece: &mut [u8]) -> io::Result<ControlFlow<()>> {
        let Some(mut file) = open_regular(path)? else {
            return Ok(self.send(packet(PacketType::PacketData, id, Vec::new())));
        };
        loop {
            let data = match file.read(piece) {
                Ok(length) => piece[..length].to_vec(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let is_end = data.is_empty();
            let sent = self.send(packet(PacketType::PacketData, id, data));
            if is_end || sent.is_break() {
                return Ok(sent);
            }
        }
    }

    /// Takes the receiver's packets until it is done or gone.
    async fn answer(self, mut incoming: Streaming<Packet>, requests: mpsc::Sender<u32>) {
        while let Ok(Some(it)) = incoming.message().await {
            match PacketType::try_from(it.r#type) {
                Ok(PacketType::PacketReq) if requests.send(it.id).await.is_err() => return,
                Ok(PacketType::PacketFin) => {
                    let fin = packet(PacketType::PacketFin, 0, Vec::new());
                    // A receiver that has gone after its FIN has what it wanted.
                    let _ = self.outgoing.send(Ok(fin)).await;
                    return;
                }
                // The build's own error says more than the receiver's.
                Ok(PacketType::PacketErr) => return,
                _ => {}
            }
        }
    }

    fn send(&self, packet: Packet) -> ControlFlow<()> {
        match self.outgoing.blocking_send(Ok(packet)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Ends the transfer, and with it the build.
    fn fail(&self, error: Unreadable) {
        let message = format!("{}: {}", error.path.display(), error.cause);
        self.faults.record(Fault::Unreadable(error));
        let data = message.clone().into_bytes();
        let _ = self.send(packet(PacketType::PacketErr, 0, data));
        let _ = self.outgoing.blocking_send(Err(Status::internal(message)));
    }

    fn offered(&self) -> std::sync::MutexGuard<'_, HashMap<u32, String>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn packet(kind: PacketType, id: u32, data: Vec<u8>) -> Packet {
    Packet { r#type: kind.into(), stat: None, id, data }
}

/// Opens a file that was listed as a regular one; should it have become anything else since, it
/// is neither followed nor waited for. `None` for a socket, which is listed as an empty file.
fn open_regular(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NXIO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if file.metadata()?.is_file() {
        return Ok(Some(file));
    }
    Err(io::Error::other("it has changed while it was being sent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_become_something_else_is_neither_followed_nor_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "x").expect("a file");
        std::os::unix::fs::symlink("file", at("link")).expect("a link");
        let mode = Mode::from_raw_mode(0o600);
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), kind, mode, 0).expect("a pipe");
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
        assert!(matches!(open_regular(&at("file")), Ok(Some(_))));
        assert!(matches!(open_regular(&at("socket")), Ok(None)));
        for name in ["link", "pipe", ".", "absent"] {
            assert!(open_regular(&at(name)).is_err(), "{name}");
        }
    }
}
