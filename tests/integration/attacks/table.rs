//! The attacks, and how each has to end.

/// How a run has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The program ends by itself, and found no breach.
    Passes,
    /// It is reported by this rule and no other.
    Found(&'static str),
    /// No variant passes.
    Refused,
    /// The program ends by itself, of its own attack or at a limit. What it could do, it could do to
    /// its own container.
    Contained,
}

use Ending::{Contained, Found, Passes, Refused};

/// Which runs of the tests an attack is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// Every one.
    Short,
    /// The nightly ones.
    Long,
}

use Length::{Long, Short};

/// One attack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attack {
    /// The words of its command line.
    pub words: &'static str,
    pub length: Length,
    pub in_sandbox: Ending,
    pub in_engine: Ending,
}

const fn attack(
    words: &'static str,
    length: Length,
    in_sandbox: Ending,
    in_engine: Ending,
) -> Attack {
    Attack { words, length, in_sandbox, in_engine }
}

const KILLED: Ending = Found("RunFailed");
const TIMED_OUT: Ending = Found("RunTimedOut");
const FOREIGN: Ending = Found("RunForeignExecutable");

/// In an engine the kernel executes programs of the host's architecture, and nobody hears of it.
pub(crate) const ATTACKS: &[Attack] = &[
    attack("fail", Short, KILLED, KILLED),
    attack("memory file 3000", Short, KILLED, Contained),
    attack("memory segments 3000", Long, KILLED, Contained),
    attack("memory shared 3000", Long, KILLED, Contained),
    attack("memory private 3000", Long, KILLED, Contained),
    attack("memory page-tables 3000", Long, KILLED, Contained),
    attack("memory semaphores 3000", Long, KILLED, Contained),
    attack("memory messages 3000", Long, Passes, Passes),
    attack("memory sockets 3000", Short, KILLED, Contained),
    attack("memory pipes 3000", Long, KILLED, Contained),
    attack("processes bomb", Long, TIMED_OUT, TIMED_OUT),
    attack("processes zombies", Long, TIMED_OUT, TIMED_OUT),
    attack("processes nested", Long, TIMED_OUT, TIMED_OUT),
    attack("processes deaf", Long, TIMED_OUT, TIMED_OUT),
    attack("processes daemons", Short, Passes, Passes),
    attack("processes stopped", Long, TIMED_OUT, TIMED_OUT),
    attack("processes all-stopped", Long, TIMED_OUT, TIMED_OUT),
    attack("processes all-killed", Short, Passes, Passes),
    attack("processes closed", Short, Passes, Passes),
    attack("output endless", Long, TIMED_OUT, TIMED_OUT),
    attack("output endless-escapes", Long, TIMED_OUT, TIMED_OUT),
    attack("output files", Long, Contained, Contained),
    attack("output steering", Short, Passes, Passes),
    attack("output emulator-fault", Short, Refused, Refused),
    attack("foreign plain", Short, FOREIGN, Passes),
    attack("foreign orphan", Short, FOREIGN, Passes),
    attack("foreign memory", Short, FOREIGN, Passes),
    attack("foreign descriptors", Short, FOREIGN, Passes),
    attack("foreign flood", Long, FOREIGN, Passes),
    attack("foreign stopped", Long, FOREIGN, Contained),
    attack("emulator", Short, Passes, Passes),
    attack("first-process limit", Short, Passes, Contained),
    attack("first-process slow-down", Short, Passes, Contained),
    attack("first-process flood", Long, Passes, Contained),
    attack("first-process lie", Long, Passes, Contained),
    attack("first-process outgrow", Long, KILLED, Contained),
    attack("processor", Short, Found("RunIsaFault"), Found("RunIsaFault")),
    attack("processor choose", Short, Found("RunIsaFault"), Passes),
    attack("calls", Short, Passes, Contained),
    attack("calls 32-bit", Long, Passes, Contained),
    // What was run before has left nothing that would change these two.
    attack("fail", Long, KILLED, KILLED),
    attack("usage", Short, Passes, Passes),
];
