//! Memory that the kernel keeps in the sockets of a network namespace.
//!
//! Source: `sock_diag(7)`; Linux, `include/uapi/linux/{netlink,sock_diag,unix_diag,inet_diag,netlink_diag}.h`.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST_DUMP: u16 = 0x301;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// The length of `nlmsghdr`, in bytes.
const HEADER: usize = 16;

/// A request for all sockets of one kind, and how its answers look.
struct Kind {
    /// What follows the message's header.
    request: &'static [u8],
    /// The length of the fixed part of an answer, in bytes.
    fixed: usize,
    /// The attribute that holds the socket's memory.
    attribute: u16,
}

/// `unix_diag_req` with `UDIAG_SHOW_MEMINFO`; `UNIX_DIAG_MEMINFO` follows `unix_diag_msg`.
const UNIX: Kind = Kind { request: &unix_request(), fixed: 16, attribute: 5 };
/// `netlink_diag_req` with `NDIAG_SHOW_MEMINFO`; `NETLINK_DIAG_MEMINFO` follows `netlink_diag_msg`.
const NETLINK: Kind = Kind { request: &netlink_request(), fixed: 28, attribute: 0 };

/// `inet_diag_req_v2` for `INET_DIAG_SKMEMINFO`, which follows `inet_diag_msg`.
const fn internet(request: &'static [u8]) -> Kind {
    Kind { request, fixed: 72, attribute: 7 }
}

const KINDS: [Kind; 6] = [
    UNIX,
    NETLINK,
    internet(&internet_request(libc::AF_INET, libc::IPPROTO_TCP)),
    internet(&internet_request(libc::AF_INET6, libc::IPPROTO_TCP)),
    internet(&internet_request(libc::AF_INET, libc::IPPROTO_UDP)),
    internet(&internet_request(libc::AF_INET6, libc::IPPROTO_UDP)),
];

#[expect(clippy::cast_possible_truncation, reason = "families are small")]
const fn unix_request() -> [u8; 24] {
    let mut request = [0; 24];
    request[0] = libc::AF_UNIX as u8;
    let (states, show) = (4, 12);
    (request[states], request[states + 1], request[states + 2], request[states + 3]) =
        (0xff, 0xff, 0xff, 0xff);
    request[show] = 0x20;
    with_byte_order(request, show)
}

#[expect(clippy::cast_possible_truncation, reason = "families are small")]
const fn netlink_request() -> [u8; 20] {
    const EVERY_PROTOCOL: u8 = 255;
    let mut request = [0; 20];
    request[0] = libc::AF_NETLINK as u8;
    request[1] = EVERY_PROTOCOL;
    let show = 8;
    request[show] = 1;
    with_byte_order(request, show)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both are small")]
const fn internet_request(family: libc::c_int, protocol: libc::c_int) -> [u8; 56] {
    const MEMORY: u8 = 1 << (7 - 1);
    let mut request = [0; 56];
    (request[0], request[1], request[2]) = (family as u8, protocol as u8, MEMORY);
    (request[4], request[5], request[6], request[7]) = (0xff, 0xff, 0xff, 0xff);
    request
}

/// Moves the lowest byte of a 32-bit number, where the others are zero, to where the host has it.
const fn with_byte_order<const N: usize>(mut request: [u8; N], at: usize) -> [u8; N] {
    if cfg!(target_endian = "big") {
        request[at + 3] = request[at];
        request[at] = 0;
    }
    request
}

/// A socket that asks the kernel about the others of its network namespace.
#[derive(Debug)]
pub(super) struct SocketMemory {
    diagnosis: Option<OwnedFd>,
    buffer: Vec<u8>,
}

impl SocketMemory {
    /// Asks in the network namespace of this thread. Kernels without `sock_diag` have no answer.
    pub(super) fn new() -> Self {
        let flags = SocketFlags::CLOEXEC;
        let protocol = Some(netlink::SOCK_DIAG);
        let diagnosis =
            socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol).ok();
        Self { diagnosis, buffer: vec![0; 1 << 16] }
    }

    /// What all sockets hold, in bytes.
    ///
    /// # Errors
    ///
    /// When the kernel does not finish its answer.
    pub(super) fn total(&mut self) -> io::Result<u64> {
        let mut total = 0;
        for kind in &KINDS {
            total += self.of_kind(kind)?;
        }
        Ok(total)
    }

    fn of_kind(&mut self, kind: &Kind) -> io::Result<u64> {
        let Some(diagnosis) = &self.diagnosis else { return Ok(0) };
        match send(diagnosis, &message(kind.request), SendFlags::empty()) {
            // A kernel that knows none of the kind.
            Err(Errno::NOENT | Errno::INVAL | Errno::OPNOTSUPP) => return Ok(0),
            sent => sent?,
        };
        let mut total = 0;
        loop {
            let (read, _) = recv(diagnosis, &mut *self.buffer, RecvFlags::empty())?;
            let answers = &self.buffer[..read];
            if answers.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            for (name, body) in Items::messages(answers) {
                match name {
                    NLMSG_DONE | NLMSG_ERROR => return Ok(total),
                    _ => total += memory_of(body.get(kind.fixed..).unwrap_or_default(), kind),
                }
            }
        }
    }
}

fn message(request: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + request.len()).unwrap_or_default();
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend(NLM_F_REQUEST_DUMP.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(request);
    message
}

/// What one socket holds, received and not yet sent, in bytes.
fn memory_of(attributes: &[u8], kind: &Kind) -> u64 {
    /// `SK_MEMINFO_RMEM_ALLOC`, `SK_MEMINFO_WMEM_ALLOC`, `SK_MEMINFO_FWD_ALLOC`, `SK_MEMINFO_BACKLOG`.
    const COUNTED: [usize; 4] = [0, 2, 4, 7];
    let memory = Items::attributes(attributes).find(|it| it.0 == kind.attribute);
    let numbers: Vec<u32> = memory.map_or(Vec::new(), |(_, bytes)| {
        bytes.chunks_exact(4).map(|it| u32::from_ne_bytes([it[0], it[1], it[2], it[3]])).collect()
    });
    COUNTED.iter().filter_map(|it| numbers.get(*it)).map(|it| u64::from(*it)).sum()
}

/// Messages or attributes one after the other: a length, a type of two bytes, and, from the end of the
/// header on, the content.
struct Items<'a> {
    rest: &'a [u8],
    header: usize,
    /// Of the length, in bytes.
    width: usize,
}

impl<'a> Items<'a> {
    /// Those of `nlmsghdr`.
    fn messages(rest: &'a [u8]) -> Self {
        Self { rest, header: HEADER, width: 4 }
    }

    /// Those of `rtattr`.
    fn attributes(rest: &'a [u8]) -> Self {
        Self { rest, header: 4, width: 2 }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        const ALIGNMENT: usize = 4;
        let header = self.rest.get(..self.header)?;
        let (length, kind) = header.split_at(self.width);
        let length = match *length {
            [a, b] => u32::from(u16::from_ne_bytes([a, b])),
            [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]),
            _ => return None,
        };
        let length = usize::try_from(length).ok()?;
        let content = self.rest.get(self.header..length)?;
        let next = length.next_multiple_of(ALIGNMENT).min(self.rest.len());
        self.rest = &self.rest[next..];
        Some((u16::from_ne_bytes([kind[0], kind[1]]), content))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_lies_in_sockets_is_counted() {
        let mut memory = SocketMemory::new();
        let before = memory.total().expect("the kernel answers");
        let pairs: Vec<_> = (0..100).map(|_| UnixStream::pair().expect("sockets")).collect();
        for (sender, _) in &pairs {
            let mut sender = sender;
            sender.set_nonblocking(true).expect("a flag");
            while sender.write(&[0; 4096]).is_ok() {}
        }
        let after = memory.total().expect("the kernel answers");
        // The machine's other sockets live on meanwhile.
        assert!(after > before + (8 << 20), "{before} and {after}");
    }

    #[test]
    fn damaged_answers_end() {
        assert_eq!(Items::messages(&[0; 15]).count(), 0);
        assert_eq!(Items::messages(&[0; 64]).count(), 0, "of no length");
        assert_eq!(Items::attributes(&[0xff; 8]).count(), 0, "of too much");
    }
}
