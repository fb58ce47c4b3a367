//! What is told while the work goes on. Reporters see nothing else.
//!
//! Events are for people who wait: the report is made from evidence and verdicts, never from
//! events, so losing one loses nothing.

use tokio::sync::mpsc::UnboundedSender;

use crate::platform::Platform;

/// One thing that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A subject is taken up.
    SubjectStarted {
        /// As the user wrote it.
        subject: String,
    },
    /// A build was handed to the engine.
    BuildStarted {
        /// The platforms asked for.
        platforms: Vec<Platform>,
    },
    /// A build step changed its state.
    Step {
        /// BuildKit's digest of the step: the same for every event of one step.
        id: String,
        /// What the step is.
        label: StepLabel,
        /// What it came to.
        state: StepState,
    },
    /// A build step printed something.
    StepLog {
        /// As in [`Event::Step`].
        id: String,
        /// Raw bytes, untrusted.
        data: Vec<u8>,
    },
    /// The build ended and its image has been received.
    BuildFinished,
    /// A variant's files were read.
    Inspected {
        /// Whose.
        platform: Platform,
        /// How many ELF files it has.
        elf_files: usize,
    },
    /// Something else is mounted on a directory of a root filesystem, and was not looked at.
    NotEntered {
        /// The directory, as a path in the root filesystem.
        path: String,
    },
    /// A variant's entrypoint was started.
    RunStarted {
        /// Whose.
        platform: Platform,
    },
    /// A sandbox could not show what a variant does; the engine is tried.
    SandboxBlocked {
        /// Whose.
        platform: Platform,
        /// Why, in a few words.
        reason: String,
    },
    /// A variant's entrypoint ended.
    RunFinished {
        /// Whose.
        platform: Platform,
        /// How, in a few words.
        outcome: String,
    },
    /// The subject is done.
    SubjectFinished,
}

/// BuildKit's name of a step, taken apart. A name is a hint for display, not proof: a step that
/// two platforms share carries the label of whichever came first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepLabel {
    /// The platform in the label; for a cross step `linux/amd64->arm64` the one it is for.
    pub platform: StepPlatform,
    /// The stage with the step's number, such as `builder 4/5`.
    pub stage: String,
    /// The instruction, such as `RUN go mod download`.
    pub instruction: String,
}

/// The platform part of a step's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPlatform {
    /// The label names none: BuildKit's own steps, scratch stages, contexts.
    Unnamed,
    /// The step belongs to one platform.
    Of(Platform),
    /// The step runs on one platform for another.
    Cross {
        /// Where it runs.
        on: Platform,
        /// For which.
        target: Platform,
    },
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It runs.
    Started,
    /// Its result was in the cache.
    Cached,
    /// It ran to its end.
    Completed,
    /// It failed, or was cancelled because another did.
    Failed {
        /// BuildKit's words.
        error: String,
    },
}

/// Where events go. Sending never waits and never fails: nobody may be listening.
#[derive(Clone, Debug)]
pub struct Events(Option<UnboundedSender<Event>>);

impl Events {
    /// Sends to a listener.
    #[must_use]
    pub fn to(sender: UnboundedSender<Event>) -> Self {
        Self(Some(sender))
    }

    /// Sends to nobody.
    #[must_use]
    pub fn ignored() -> Self {
        Self(None)
    }

    /// Tells the listener, if there is one.
    pub fn send(&self, event: Event) {
        if let Some(sender) = &self.0 {
            // A listener that has gone away has lost interest; the work goes on.
            let _ = sender.send(event);
        }
    }
}
