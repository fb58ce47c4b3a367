//! The first process of a sandbox: starts the program, hears of what was refused, and reaps. The
//! kernel ends everything in the sandbox with it.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, pidfd_open,
    set_dumpable_behavior, set_parent_process_death_signal, wait,
};
use rustix::thread::UnshareFlags;

use super::caller::Caller;
use super::fault::{Fault, While};
use super::fork::{fork, kill_all_others, wait_for};
use super::identities::Identities;
use super::identity::Identity;
use super::namespaces::enter;
use super::place::Place;
use super::processes::{await_stillness, is_somebody_there};
use super::program::{execute, handed_over};
use super::protocol::{Command, End, Message, Rank, RunOrder};
use super::trap::Trap;

/// How often what was refused in silence is looked for, and orphans are reaped. The program's own
/// end is heard of at once.
const TICK: Duration = Duration::from_millis(20);
/// How long what the program leaves behind may go on until it waits for something: it may be about to
/// execute a file that is refused.
const AFTERMATH: Duration = Duration::from_secs(2);
/// Who does nothing for so long waits.
const REST: Duration = Duration::from_millis(20);
/// How long all of it may take to stop then.
const STOPPING: Duration = Duration::from_millis(500);
/// The name of a sandbox's host.
pub const HOST_NAME: &str = "archproof";

/// The status is of no interest to anybody: what is to be said goes over the socket. `made` tells the
/// watch that the sandbox is made.
pub(super) fn first_process(
    caller: &Caller,
    order: &RunOrder,
    place: &Place,
    made: UnixStream,
) -> i32 {
    match begin(place, made).and_then(|trap| run(caller, order, trap)) {
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

fn begin(place: &Place, mut made: UnixStream) -> Result<Trap, Fault> {
    set_parent_process_death_signal(Some(Signal::KILL)).to("end with its parent")?;
    place.enter()?;
    rustix::system::sethostname(HOST_NAME.as_bytes()).to("have a host's name")?;
    let trap = Trap::new(place.stub_interpreter())?;
    // What it has open is nobody else's: not even that of a program that is the same user.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).to("close its files in /proc")?;
    made.write_all(b"!").to("begin")?;
    Ok(trap)
}

fn run(caller: &Caller, order: &RunOrder, trap: Trap) -> Result<End, Fault> {
    caller.tell(&Message::Started);
    let (ours, theirs) = UnixStream::pair().to("make a socket")?;
    let program = fork(|| start(caller, order, theirs)).to("start the program")?;
    let ending = pidfd_open(program, PidfdFlags::empty()).to("watch the program")?;
    let Command { uid, gid, .. } = order.command;
    let listener = handed_over(&ours).to("answer for the kernel")?;
    let identities = listener.map(|it| Identities::new(it, program, Identity::new(uid, gid)));
    let mut running = Running { caller, trap, identities };
    loop {
        running.serve(&ending);
        if let Some(end) = reap(program).to("wait for the program")? {
            running.finish()?;
            return Ok(end);
        }
    }
}

/// A sandbox with a program in it.
struct Running<'a> {
    caller: &'a Caller,
    trap: Trap,
    identities: Option<Identities>,
}

impl Running<'_> {
    /// Waits for a tick at most, and does what there is to do.
    fn serve(&mut self, ending: &OwnedFd) {
        match wait_for_work(self.caller, &self.trap, ending, self.identities.as_ref()) {
            // Nobody wants to know any more.
            Wake::CallerGone => super::fork::exit(1),
            Wake::Call => self.identities.iter_mut().for_each(Identities::answer_next),
            Wake::Work => self.tell_caught(),
        }
    }

    fn tell_caught(&mut self) {
        for path in self.trap.caught() {
            self.caller.tell(&Message::Foreign(path));
        }
    }

    /// Ends what the program has left behind. What is refused by then is told: everything is stopped
    /// first, so that nobody can end a process that waits to tell.
    fn finish(&mut self) -> Result<(), Fault> {
        const STEP: &str = "end what the program left";
        let deadline = Instant::now() + AFTERMATH;
        let mut rested = Instant::now() + REST;
        while is_somebody_there() && Instant::now() < rested.min(deadline) {
            self.answer_calls();
            self.tell_caught();
            if self.trap.is_somebody_busy() {
                rested = Instant::now() + REST;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if kill_all_others(Signal::STOP).to(STEP)? {
            await_stillness(STOPPING);
            self.tell_caught();
            for path in self.trap.waiting() {
                self.caller.tell(&Message::Foreign(path));
            }
            kill_all_others(Signal::KILL).to(STEP)?;
        }
        loop {
            match wait(WaitOptions::empty()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::CHILD) => return Ok(()),
                Err(error) => return Err(error).to(STEP),
            }
        }
    }

    /// Answers the calls that wait by now.
    fn answer_calls(&mut self) {
        let Some(identities) = &mut self.identities else { return };
        loop {
            let mut source = [PollFd::new(identities.listener(), PollFlags::IN)];
            let waits = poll(&mut source, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
            if !waits.is_ok_and(|it| it > 0) || !source[0].revents().contains(PollFlags::IN) {
                return;
            }
            identities.answer_next();
        }
    }
}

/// In the program's process: does not return if all goes well, or with the status of the program
/// that is the first of its own namespace.
fn start(caller: &Caller, order: &RunOrder, first: UnixStream) -> i32 {
    let begin = |first| {
        let fault = execute(&order.command, order.processes, first);
        caller.tell(&Message::Failed(fault));
        1
    };
    let ended = match order.command.rank {
        Rank::Later => return begin(first),
        Rank::First => enter(UnshareFlags::NEWPID)
            .to("make it the first process")
            .and_then(|()| fork(|| begin(first)).to("make it the first process"))
            .and_then(|program| wait_for(program).to("wait for the program")),
    };
    match ended.map(end_of) {
        Ok(Some(End::Exited(status))) => status,
        // As shells say it.
        Ok(Some(End::Signalled(signal))) => 128 + signal,
        Ok(_) => 1,
        Err(fault) => {
            caller.tell(&Message::Failed(fault));
            1
        }
    }
}

enum Wake {
    Work,
    /// Somebody waits in a call.
    Call,
    CallerGone,
}

/// Waits for the next tick, or for something to do.
fn wait_for_work(
    caller: &Caller,
    trap: &Trap,
    ending: &OwnedFd,
    identities: Option<&Identities>,
) -> Wake {
    let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(TICK.subsec_nanos()) };
    // Without identities, the end stands for their place.
    let calls = identities.map_or(ending.as_fd(), |it| it.listener().as_fd());
    let mut sources = [
        PollFd::new(caller.socket(), PollFlags::RDHUP),
        PollFd::from_borrowed_fd(trap.as_fd(), PollFlags::IN),
        PollFd::new(ending, PollFlags::IN),
        PollFd::from_borrowed_fd(calls, PollFlags::IN),
    ];
    // Interrupted or not, there may be something to do.
    let _ = poll(&mut sources, Some(&tick));
    let gone = PollFlags::HUP | PollFlags::RDHUP | PollFlags::ERR;
    let is_call = identities.is_some() && sources[3].revents().intersects(PollFlags::IN);
    if sources[0].revents().intersects(gone) {
        Wake::CallerGone
    } else if is_call && !sources[2].revents().intersects(PollFlags::IN) {
        Wake::Call
    } else {
        Wake::Work
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
