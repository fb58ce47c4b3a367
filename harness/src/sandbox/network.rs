//! The network of a sandbox: a loopback interface, and nothing behind it.

use std::fs;
use std::mem::{size_of, zeroed};
use std::os::fd::AsRawFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// Makes the loopback interface work, and lets every user listen at every port, as container engines
/// do. A program that finds it otherwise says so itself.
///
/// Source: `netdevice(7)`; Linux, `Documentation/networking/ip-sysctl.rst`.
pub(super) fn prepare_network() {
    let _ = fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    let kind = SocketType::DGRAM;
    let Ok(socket) = socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, None) else {
        return;
    };
    // SAFETY: all fields of the structure are numbers or unions of numbers, for which zero is a value.
    #[expect(unsafe_code, reason = "C's structure has no constructor")]
    let mut request: libc::ifreq = unsafe { zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(*b"lo") {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).unwrap_or_default();
    const { assert!(size_of::<libc::ifreq>() >= 32, "the kernel reads as much") };
    // SAFETY: the call reads one such structure, which lives until it returns.
    #[expect(unsafe_code, reason = "there is no safe interface to this request")]
    unsafe {
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request);
    }
}
