//! The helper: gives up the user's rights and enters the namespaces.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::net::UnixStream;

use rustix::fs::fchown;
use rustix::process::{DumpableBehavior, geteuid, set_dumpable_behavior};
use rustix::thread::{
    Gid, Uid, UnshareFlags, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::caller::Caller;
use super::executors::Originals;
use super::fault::{Fault, While};
use super::first::first_process;
use super::fork::fork;
use super::inherited_limits::lift_limits;
use super::namespaces::{enter, new_user};
use super::place::Place;
use super::protocol::{Message, RunOrder, Task};
use super::unpack::unpack;
use super::watch::watch;

/// The name under which this program starts itself as a helper, its socket as standard input.
pub const ENTER: &str = "archproof-sandbox";

/// The user and group that root becomes: a number that no account has, so that even a program
/// that got out of its sandbox would be nobody.
pub const NOBODY: u32 = 1_634_890_600;

/// Has writes beyond the limit of a file's size fail, instead of ending this process. A handler goes
/// when a program is executed; to ignore the signal would not.
fn outlive_large_writes() {
    extern "C" fn go_on(_: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = go_on;
    // SAFETY: the handler does nothing, so it may interrupt whatever is going on.
    #[expect(unsafe_code, reason = "there is no safe interface to handlers of signals")]
    unsafe {
        libc::signal(libc::SIGXFSZ, handler as libc::sighandler_t);
    }
}

/// What a helper does.
///
/// # Errors
///
/// When who started it is gone, or has been told why it failed.
pub(crate) fn serve() -> io::Result<()> {
    outlive_large_writes();
    let caller = Caller::of_stdin()?;
    let mut input = BufReader::new(caller.socket().try_clone()?);
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    let done = match serde_json::from_slice(&line)? {
        Task::Run(order) => run(&caller, &order),
        Task::Unpack(order) => {
            let done = give_up_rights().and_then(|()| unpack(&order, &mut input));
            done.map(|size| caller.tell(&Message::Unpacked { size }))
        }
    };
    done.map_err(|fault| {
        caller.tell(&Message::Failed(fault));
        io::Error::other("told")
    })
}

fn run(caller: &Caller, order: &RunOrder) -> Result<(), Fault> {
    lift_limits(order)?;
    let originals = Originals::open(&order.handlers)?;
    give_away_output()?;
    give_up_rights()?;
    new_user(0, 0)?;
    let apart = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWNET;
    enter(apart).to("enter namespaces of its own")?;
    let place = Place::make(order, originals)?;
    let (made, theirs) = UnixStream::pair().to("make a socket")?;
    let first = fork(|| first_process(caller, order, &place, theirs)).to("start a process")?;
    watch(caller, (order, place.emulators()), first, made)
}

/// Whether this process is root with the right to become [`NOBODY`]. Root of a user namespace that
/// maps few users, as in rootless containers, is an ordinary user outside, and stays who it is.
#[must_use]
pub fn is_true_root() -> bool {
    let maps = |name: &str| {
        let map = fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        map.lines().any(|line| maps_nobody(line) == Some(true))
    };
    geteuid().is_root() && maps("uid_map") && maps("gid_map")
}

/// Whether a range has the number: `FIRST OUTSIDE LENGTH`, see `user_namespaces(7)`.
fn maps_nobody(range: &str) -> Option<bool> {
    let mut numbers = range.split_whitespace().map(|it| it.parse::<u64>().ok());
    let (first, _, length) = (numbers.next()??, numbers.next()??, numbers.next()??);
    Some((first..first + length).contains(&u64::from(NOBODY)))
}

/// Programs open their output anew, as `/dev/stderr` or `/dev/stdout`, for which it has to be theirs.
fn give_away_output() -> Result<(), Fault> {
    if is_true_root() {
        let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        for stream in [rustix::stdio::stdout(), rustix::stdio::stderr()] {
            fchown(stream, Some(uid), Some(gid)).to("give away the program's output")?;
        }
    }
    Ok(())
}

/// Root becomes nobody; everybody else stays who they are.
fn give_up_rights() -> Result<(), Fault> {
    if is_true_root() {
        let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        set_thread_groups(&[]).to("leave root's groups")?;
        set_thread_res_gid(gid, gid, gid).to("leave root's group")?;
        set_thread_res_uid(uid, uid, uid).to("become another user than root")?;
    }
    // Else the process's own files in /proc would be root's.
    set_dumpable_behavior(DumpableBehavior::Dumpable).to("own its files in /proc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_become_nobody_is_told_by_the_map() {
        assert_eq!(maps_nobody("         0          0 4294967295"), Some(true));
        assert_eq!(maps_nobody("         0       1000          1"), Some(false));
        assert_eq!(maps_nobody("         1     100000      65536"), Some(false));
        assert_eq!(maps_nobody(""), None);
    }
}
