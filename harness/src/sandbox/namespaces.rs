//! Entering namespaces.

use std::fs;

use rustix::process::{getegid, geteuid};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::fault::{Fault, While};

/// Enters a user namespace in which this process is the given user, with all capabilities there.
pub(super) fn new_user(uid: u32, gid: u32) -> Result<(), Fault> {
    let outside = (geteuid().as_raw(), getegid().as_raw());
    enter(UnshareFlags::NEWUSER).to("enter a user namespace")?;
    fs::write("/proc/self/setgroups", "deny").to("give up groups")?;
    fs::write("/proc/self/uid_map", format!("{uid} {} 1", outside.0)).to("map the user")?;
    fs::write("/proc/self/gid_map", format!("{gid} {} 1", outside.1)).to("map the group")
}

pub(super) fn enter(namespaces: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: no flag shares or unshares file descriptors or memory of this process, which has one
    // thread.
    #[expect(unsafe_code, reason = "some flags would be unsound for a process of several threads")]
    unsafe {
        unshare_unsafe(namespaces)
    }
}
