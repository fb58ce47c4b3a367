//! The first process of a sandbox: makes the place, starts the program, and watches over it. The
//! kernel ends everything in the sandbox with it.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::mount::{MountFlags, mount};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, pidfd_open,
    set_dumpable_behavior, set_parent_process_death_signal, wait,
};

use super::enter::{Caller, Opened};
use super::fault::{Fault, While};
use super::filesystem::{Staging, enter_root, mount_layers, mount_surroundings};
use super::fork::fork;
use super::program::execute;
use super::protocol::{Command, End, Handlers, Message, RunOrder};
use super::trap::Trap;
use crate::emulator::{Handler, KeepArgv0};

/// How often the program's memory is looked at, and its orphans are reaped. Its own end is heard of
/// at once.
const TICK: Duration = Duration::from_millis(20);

/// Opens what a user's own rights are needed for.
pub(super) fn open(order: &RunOrder) -> Result<Opened, Fault> {
    let open = |path: &PathBuf| File::open(path).map(OwnedFd::from).to("open an emulator");
    let Handlers { emulated, refuser, .. } = &order.handlers;
    let emulators = emulated.iter().map(|(_, path)| open(path)).collect::<Result<_, _>>()?;
    Ok(Opened { emulators, refuser: refuser.as_ref().map(open).transpose()? })
}

/// The status is of no interest to anybody: what is to be said goes over the socket.
pub(super) fn first_process(caller: &Caller, order: &RunOrder, opened: Opened) -> i32 {
    match make_place(order, opened).and_then(|place| run(caller, order, &place)) {
        Ok(end) => {
            caller.tell(&Message::Ended(end));
            0
        }
        Err(fault) => {
            caller.tell(&Message::Failed(fault));
            1
        }
    }
}

/// What has to stay open for as long as the sandbox lives.
struct Place {
    trap: Trap,
    /// Handlers are gone when nobody has their filesystem open any more.
    _handlers: OwnedFd,
}

fn make_place(order: &RunOrder, opened: Opened) -> Result<Place, Fault> {
    set_parent_process_death_signal(Some(Signal::KILL)).to("end with its parent")?;
    let staging = Staging::over(&order.staging)?;
    let (top, root) = (staging.directory("top")?, staging.directory("root")?);
    for name in ["proc", "dev", "tmp"] {
        fs::create_dir(top.join(name)).to("make a directory")?;
    }
    for directory in &order.command.directories {
        fs::create_dir_all(top.join(directory)).to("make a directory")?;
    }
    let layers = std::iter::once(top.as_path()).chain(order.layers.iter().map(PathBuf::as_path));
    mount_layers(layers, &root)?;
    mount_surroundings(&root)?;
    let handlers = register(&order.handlers, &staging, &opened)?;
    enter_root(&root)?;
    rustix::system::sethostname(b"archproof").to("have a host's name")?;
    let trap = Trap::new(opened.refuser)?;
    // What it has open is nobody else's: not even that of a program that is the same user.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).to("close its files in /proc")?;
    Ok(Place { trap, _handlers: handlers })
}

/// The later of two handlers that take a file wins.
fn register(handlers: &Handlers, staging: &Staging, opened: &Opened) -> Result<OwnedFd, Fault> {
    let at = staging.directory("binfmt")?;
    mount("binfmt_misc", &at, "binfmt_misc", MountFlags::empty(), None)
        .to("mount a binfmt_misc of its own, which takes Linux 6.7")?;
    let write = |handlers: Vec<Handler>, program: &OwnedFd, argv0| {
        let path = format!("/proc/self/fd/{}", program.as_raw_fd());
        let register = File::options().write(true).open(at.join("register"));
        let mut register = register.to("open the handlers")?;
        handlers.iter().try_for_each(|it| {
            register.write_all(it.registration(&path, argv0).as_bytes()).to("register a handler")
        })
    };
    if let Some(refuser) = &opened.refuser {
        write(Handler::of_any(handlers.mark), refuser, KeepArgv0::No)?;
    }
    for ((target, _), emulator) in handlers.emulated.iter().zip(&opened.emulators) {
        write(Handler::of_target(*target, handlers.mark), emulator, KeepArgv0::Yes)?;
    }
    let folder = rustix::fs::open(&at, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    folder.to("keep the handlers")
}

fn run(caller: &Caller, order: &RunOrder, place: &Place) -> Result<End, Fault> {
    caller.tell(&Message::Started);
    let program = fork(|| start(caller, &order.command, order.processes));
    let program = program.to("start the program")?;
    let ending = pidfd_open(program, PidfdFlags::empty()).to("watch the program")?;
    loop {
        if place.wait(caller, &ending) == Wake::CallerGone {
            // Nobody wants to know any more.
            super::fork::exit(1);
        }
        for path in place.trap.caught() {
            caller.tell(&Message::Foreign(path));
        }
        if let Some(end) = reap(program).to("wait for the program")? {
            // It may have been told and not yet been read.
            place.trap.caught().into_iter().for_each(|it| caller.tell(&Message::Foreign(it)));
            return Ok(end);
        }
        if memory_in_use() > order.memory {
            return Ok(End::OutOfMemory);
        }
    }
}

/// In the program's process: does not return if all goes well.
fn start(caller: &Caller, command: &Command, processes: u64) -> i32 {
    let fault = execute(command, processes);
    caller.tell(&Message::Failed(fault));
    1
}

#[derive(PartialEq, Eq)]
enum Wake {
    Work,
    CallerGone,
}

impl Place {
    /// Waits for the next tick, or for something to do.
    fn wait(&self, caller: &Caller, ending: &OwnedFd) -> Wake {
        let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(TICK.subsec_nanos()) };
        let mut sources = [
            PollFd::new(caller.socket(), PollFlags::RDHUP),
            PollFd::from_borrowed_fd(self.trap.as_fd(), PollFlags::IN),
            PollFd::new(ending, PollFlags::IN),
        ];
        // Interrupted or not, there may be something to do.
        let _ = poll(&mut sources, Some(&tick));
        let gone = PollFlags::HUP | PollFlags::RDHUP | PollFlags::ERR;
        if sources[0].revents().intersects(gone) { Wake::CallerGone } else { Wake::Work }
    }
}

/// Takes away whatever has ended; the program's own end is what is waited for.
fn reap(program: Pid) -> rustix::io::Result<Option<End>> {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == program => return Ok(end_of(status)),
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

fn end_of(status: WaitStatus) -> Option<End> {
    let exited = status.exit_status().map(End::Exited);
    exited.or_else(|| status.terminating_signal().map(End::Signalled))
}

/// The memory of all processes but this one, in bytes. What they share counts for each.
fn memory_in_use() -> u64 {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pages = processes.filter_map(|entry| {
        let name = entry.file_name();
        let is_other = name.as_encoded_bytes()[0].is_ascii_digit() && name.to_str() != Some(&own);
        let text = is_other.then(|| fs::read_to_string(entry.path().join("statm")).ok())??;
        text.split(' ').nth(1)?.parse::<u64>().ok()
    });
    pages.sum::<u64>() * rustix::param::page_size() as u64
}
