//! Who the processes of a sandbox are, and what their calls are answered.

use std::collections::HashMap;
use std::fs;

use rustix::process::Pid;

use super::identity::{Change, Identity, Ids, Keep, NotPermitted};
use super::notify::{Answer, Call, Listener, Reply, read_memory, write_memory};

/// More supplementary groups than any process has.
const MOST_GROUPS: usize = 1024;

/// The calls that are answered here.
///
/// `x86_64` has some that are functions of the C library elsewhere.
pub(super) const ANSWERED: &[libc::c_long] = &[
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getgroups,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_prctl,
    libc::SYS_capget,
    libc::SYS_chroot,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
];

/// Who every process is.
#[derive(Debug)]
pub(super) struct Identities {
    listener: Listener,
    known: HashMap<u32, Identity>,
    /// Who somebody became last: orphans whose parents are gone are taken for that.
    latest: Identity,
}

impl Identities {
    /// The program and all its children begin as one.
    pub(super) fn new(listener: Listener, program: Pid, first: Identity) -> Self {
        let program = program.as_raw_nonzero().get().unsigned_abs();
        Self { listener, known: HashMap::from([(program, first.clone())]), latest: first }
    }

    pub(super) fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Answers the call that waits. To be called when there is one.
    pub(super) fn answer_next(&mut self) {
        if let Some(call) = self.listener.next() {
            let answer = self.answer(&call);
            self.listener.answer(&call, answer);
        }
    }

    fn answer(&mut self, call: &Call) -> Answer {
        let process = Process::of_thread(call.thread).ok_or(libc::ESRCH)?;
        let who = self.identity(process);
        let [_, b, c, d, ..] = call.arguments;
        match call.number {
            libc::SYS_getuid => Ok(number(who.user.real)),
            libc::SYS_geteuid => Ok(number(who.user.effective)),
            libc::SYS_getgid => Ok(number(who.group.real)),
            libc::SYS_getegid => Ok(number(who.group.effective)),
            libc::SYS_getresuid => put_ids(call, who.user),
            libc::SYS_getresgid => put_ids(call, who.group),
            libc::SYS_getgroups => put_groups(call, &who.groups),
            libc::SYS_capget => put_capabilities(call, process, &who),
            libc::SYS_chroot => enter_root(call, &who),
            libc::SYS_fchown => given(&who, id(b), id(c)),
            libc::SYS_fchownat => given(&who, id(c), id(d)),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_chown | libc::SYS_lchown => given(&who, id(b), id(c)),
            _ => {
                let Some(change) = change(call)? else { return Ok(Reply::CarryOut) };
                let reply = match change {
                    Change::SetFsuid(_) => Reply::Gives(who.user.filesystem.into()),
                    Change::SetFsgid(_) => Reply::Gives(who.group.filesystem.into()),
                    Change::Execute | Change::KeepCapabilities(_) => Reply::CarryOut,
                    _ => Reply::Gives(0),
                };
                let new = who.after(change).map_err(|NotPermitted| libc::EPERM)?;
                if new != who {
                    self.become_somebody(process.id, &who, new);
                }
                Ok(reply)
            }
        }
    }

    fn become_somebody(&mut self, process: u32, old: &Identity, new: Identity) {
        self.settle_children(process, old);
        self.latest = new.clone();
        self.known.insert(process, new);
    }

    /// Who a process is: whoever it became, or else who its parent is.
    fn identity(&self, process: Process) -> Identity {
        let mut next = process;
        loop {
            if let Some(known) = self.known.get(&next.id) {
                return known.clone();
            }
            match Process::of_thread(next.parent) {
                Some(parent) if next.parent > 1 => next = parent,
                _ => return self.latest.clone(),
            }
        }
    }

    /// Children stay who they are when their parent becomes somebody else.
    fn settle_children(&mut self, parent: u32, identity: &Identity) {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|it| it.file_name().to_str()?.parse().ok());
        for child in ids.filter_map(Process::of_thread).filter(|it| it.parent == parent) {
            self.known.entry(child.id).or_insert_with(|| identity.clone());
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Process {
    id: u32,
    parent: u32,
}

impl Process {
    /// The process of a thread.
    fn of_thread(thread: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
        let field = |name: &str| {
            let value = status.lines().find_map(|it| it.strip_prefix(name))?;
            value.trim().parse().ok()
        };
        Some(Self { id: field("Tgid:")?, parent: field("PPid:")? })
    }
}

/// `chroot(path)`: `chroot --userspec=USER / COMMAND` is a way to step down. Another root than the one
/// that is there nobody gets.
fn enter_root(call: &Call, who: &Identity) -> Answer {
    let mut path = [0; 2];
    read_memory(call.thread, call.arguments[0], &mut path).map_err(|_| libc::EFAULT)?;
    if who.may_all() && path == *b"/\0" { Ok(Reply::Gives(0)) } else { Err(libc::EPERM) }
}

fn given(who: &Identity, user: u32, group: u32) -> Answer {
    let may = who.may_give_to(user, group);
    may.map(|()| Reply::Gives(0)).map_err(|NotPermitted| libc::EPERM)
}

fn number(value: u32) -> Reply {
    Reply::Gives(value.into())
}

/// The kernel takes the lower half of a register for the number of a user.
fn id(register: u64) -> u32 {
    u32::try_from(register & 0xffff_ffff).unwrap_or_default()
}

/// The change that a call asks for; `None` for one that changes nobody.
fn change(call: &Call) -> Result<Option<Change>, i32> {
    let [a, b, c, ..] = call.arguments;
    Ok(Some(match call.number {
        libc::SYS_setuid => Change::SetUid(id(a)),
        libc::SYS_setgid => Change::SetGid(id(a)),
        libc::SYS_setreuid => Change::SetReuid(id(a), id(b)),
        libc::SYS_setregid => Change::SetRegid(id(a), id(b)),
        libc::SYS_setresuid => Change::SetResuid([a, b, c].map(id)),
        libc::SYS_setresgid => Change::SetResgid([a, b, c].map(id)),
        libc::SYS_setfsuid => Change::SetFsuid(id(a)),
        libc::SYS_setfsgid => Change::SetFsgid(id(a)),
        libc::SYS_setgroups => Change::SetGroups(groups(call)?),
        libc::SYS_execve | libc::SYS_execveat => Change::Execute,
        libc::SYS_prctl if id(a) == libc::PR_SET_KEEPCAPS.cast_unsigned() => {
            Change::KeepCapabilities(if b == 0 { Keep::Nothing } else { Keep::Capabilities })
        }
        _ => return Ok(None),
    }))
}

/// Writes the real, effective and saved number to where a call wants them.
fn put_ids(call: &Call, ids: Ids) -> Answer {
    for (at, number) in call.arguments.iter().zip([ids.real, ids.effective, ids.saved]) {
        write_memory(call.thread, *at, &number.to_ne_bytes()).map_err(|_| libc::EFAULT)?;
    }
    Ok(Reply::Gives(0))
}

/// `getgroups(size, list)`.
fn put_groups(call: &Call, groups: &[u32]) -> Answer {
    let [size, at, ..] = call.arguments;
    if size != 0 {
        if size < groups.len() as u64 {
            return Err(libc::EINVAL);
        }
        let bytes: Vec<u8> = groups.iter().flat_map(|it| it.to_ne_bytes()).collect();
        write_memory(call.thread, at, &bytes).map_err(|_| libc::EFAULT)?;
    }
    let count = i64::try_from(groups.len()).map_err(|_| libc::EINVAL)?;
    Ok(Reply::Gives(count))
}

/// What root may do in a container that Docker starts, as a set of capabilities. libcap-ng, and so
/// setpriv, tries to give up only what is there.
///
/// Source: `DefaultCapabilities` in github.com/moby/moby, daemon/pkg/oci/caps/defaults.go
const CAPABILITIES: u32 = 0xa804_25fb;

/// The version of `capget`'s structures with room for 32 capabilities; all others have room for 64.
///
/// Source: `capget(2)`
const SHORT_VERSION: u32 = 0x1998_0330;
const LONG_VERSIONS: [u32; 2] = [0x2007_1026, 0x2008_0522];

/// `capget(header, data)` about the process itself: as in a container where it is root. What it asks
/// about others, and which versions there are, is left to the kernel.
fn put_capabilities(call: &Call, process: Process, who: &Identity) -> Answer {
    let [header, data, ..] = call.arguments;
    let mut bytes = [0; 8];
    read_memory(call.thread, header, &mut bytes).map_err(|_| libc::EFAULT)?;
    let (words, _) = bytes.as_chunks::<4>();
    let [version, about] = [0, 1].map(|it| u32::from_ne_bytes(words[it]));
    let size = match version {
        SHORT_VERSION => 12,
        version if LONG_VERSIONS.contains(&version) => 24,
        _ => return Ok(Reply::CarryOut),
    };
    if data == 0 || ![0, call.thread, process.id].contains(&about) || !who.may_all() {
        return Ok(Reply::CarryOut);
    }
    // Effective, permitted, inheritable; then the same of the upper 32.
    let mut sets = [0; 24];
    sets[..4].copy_from_slice(&CAPABILITIES.to_ne_bytes());
    sets[4..8].copy_from_slice(&CAPABILITIES.to_ne_bytes());
    write_memory(call.thread, data, &sets[..size]).map_err(|_| libc::EFAULT)?;
    Ok(Reply::Gives(0))
}

/// `setgroups(size, list)`.
fn groups(call: &Call) -> Result<Vec<u32>, i32> {
    let [size, at, ..] = call.arguments;
    let size = usize::try_from(size).ok().filter(|it| *it <= MOST_GROUPS).ok_or(libc::EINVAL)?;
    let mut bytes = vec![0; size * 4];
    read_memory(call.thread, at, &mut bytes).map_err(|_| libc::EFAULT)?;
    let (numbers, _) = bytes.as_chunks::<4>();
    Ok(numbers.iter().map(|it| u32::from_ne_bytes(*it)).collect())
}
