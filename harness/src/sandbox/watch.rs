//! The watch over a sandbox, from outside it: the program cannot name this process, and so neither
//! end it nor slow it down.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::caller::Caller;
use super::census::Census;
use super::clock::Clock;
use super::fault::{Fault, While};
use super::fork::wait_for;
use super::hidden_memory::HiddenMemory;
use super::mapped_memory::mapped_memory;
use super::protocol::{End, Message, RunOrder};

/// How often the processes are looked at.
const TICK: Duration = Duration::from_millis(20);
/// In so many ticks once it is looked for memory that no process has resident.
const HIDDEN_TICKS: u64 = 10;

/// Waits for the sandbox of a first process to end, and ends it when it uses more than it may, or when
/// that cannot be seen. `made` says when the sandbox is made: before, its `/proc` is not there.
/// `emulators` is their size in bytes.
pub(super) fn watch(
    caller: &Caller,
    (order, emulators): (&RunOrder, u64),
    first: Pid,
    mut made: UnixStream,
) -> Result<(), Fault> {
    if made.read(&mut [0]).to("hear of the sandbox")? == 0 {
        // What went wrong was told.
        wait_for(first).to("wait for the sandbox")?;
        return Ok(());
    }
    let first = First { pid: first, handle: pidfd_open(first, PidfdFlags::empty()).to("watch")? };
    match first.until_end(caller, (order, emulators)) {
        Ok(None) => Ok(()),
        Ok(Some(end)) => {
            first.kill()?;
            caller.tell(&Message::Ended(end));
            Ok(())
        }
        Err(fault) => {
            first.kill()?;
            Err(fault)
        }
    }
}

struct First {
    pid: Pid,
    handle: OwnedFd,
}

impl First {
    /// How the sandbox has to end; `None` if it ended by itself, or nobody wants to know any more.
    fn until_end(
        &self,
        caller: &Caller,
        (order, emulators): (&RunOrder, u64),
    ) -> Result<Option<End>, Fault> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let processes =
            rustix::fs::open("/proc", flags, Mode::empty()).to("see the sandbox's processes")?;
        let mut clock = Clock::new(Instant::now());
        let mut hidden_memory = HiddenMemory::new();
        let (mut ticks, mut hidden) = (0_u64, 0);
        loop {
            match self.wait(caller) {
                Wake::Tick => {}
                Wake::CallerGone => return self.kill().map(|()| None),
                Wake::Ended => {
                    wait_for(self.pid).to("wait for the sandbox")?;
                    return Ok(None);
                }
            }
            let census = Census::take(&processes).to("see the sandbox's processes")?;
            ticks += 1;
            if ticks % HIDDEN_TICKS == 0 {
                let total = hidden_memory.total(&processes, order.memory);
                hidden = total.to("see the sandbox's memory")?;
            }
            let known = census.descriptors.saturating_add(hidden);
            let left = order.memory.saturating_sub(known);
            let mapped = mapped_memory(&processes, &census, (emulators, left));
            if known > order.memory || mapped.to("see the sandbox's memory")? > left {
                return Ok(Some(End::OutOfMemory));
            }
            if clock.is_over(Instant::now(), Some(census.usage), order.time) {
                return Ok(Some(End::TimedOut));
            }
        }
    }

    fn wait(&self, caller: &Caller) -> Wake {
        let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(TICK.subsec_nanos()) };
        let mut sources = [
            PollFd::new(caller.socket(), PollFlags::RDHUP),
            PollFd::new(&self.handle, PollFlags::IN),
        ];
        // Interrupted or not, there may be something to do.
        let _ = poll(&mut sources, Some(&tick));
        let gone = PollFlags::HUP | PollFlags::RDHUP | PollFlags::ERR;
        if sources[1].revents().intersects(PollFlags::IN) {
            Wake::Ended
        } else if sources[0].revents().intersects(gone) {
            Wake::CallerGone
        } else {
            Wake::Tick
        }
    }

    /// Ends everything in the sandbox, and waits until the kernel has done it.
    fn kill(&self) -> Result<(), Fault> {
        // It may have ended meanwhile.
        let _ = pidfd_send_signal(&self.handle, Signal::KILL);
        wait_for(self.pid).map(|_| ()).to("wait for the sandbox")
    }
}

enum Wake {
    Tick,
    Ended,
    CallerGone,
}
