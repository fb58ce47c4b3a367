//! What a case demands of an image beside what every image has to be.

use std::collections::BTreeMap;

use globset::GlobMatcher;

use crate::launch::Arguments;
use crate::platform::Platform;

/// What runs and builds are compared with, beside the image's own evidence.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// The words that a run adds to the image's command.
    pub arguments: Arguments,
    /// How it has to end.
    pub run: RunExpectation,
    /// What the build has to look like.
    pub trace: TraceExpectation,
}

impl Expectations {
    /// Whether nothing is demanded of a run, so that it may show no more than that `--help` is
    /// unknown.
    #[must_use]
    pub fn is_default_run(&self) -> bool {
        self.arguments == Arguments::Default && self.run.is_unset()
    }
}

/// What a run has to look like.
#[derive(Clone, Debug, Default)]
pub struct RunExpectation {
    /// The exit status; without one, 0 is right.
    pub exit: Option<i64>,
    /// Texts that must each occur in the standard output.
    pub stdout: Vec<String>,
    /// Whether the standard output has to be the same on every platform.
    pub parity: Parity,
}

impl RunExpectation {
    /// The exit status that is right.
    #[must_use]
    pub fn exit_status(&self) -> i64 {
        self.exit.unwrap_or(0)
    }

    /// Whether nothing says what a run has to look like.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        let is_parity_unset = matches!(self.parity, Parity::Unset);
        self.exit.is_none() && self.stdout.is_empty() && is_parity_unset
    }
}

/// Whether every platform has to print the same.
#[derive(Clone, Debug, Default)]
pub enum Parity {
    /// Not demanded: a difference is worth a note.
    #[default]
    Unset,
    /// It has to, except for lines that match one of these.
    Same {
        /// Patterns of whole lines, without the blanks at both ends.
        except: Vec<GlobMatcher>,
    },
}

/// What a build has to look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceExpectation {
    /// Parts of instructions whose steps are executed once, whatever the number of platforms.
    pub shared: Vec<String>,
    /// How many steps an emulator may execute.
    pub emulated: EmulatedSteps,
}

/// How large an image may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SizeExpectation {
    /// How much larger than before.
    pub growth: Growth,
    /// What the files of a platform's layers may take, in bytes.
    pub most: BTreeMap<Platform, u64>,
}

/// How much larger than before an image may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Growth {
    /// No limit was set.
    #[default]
    Unset,
    /// At most so many percent of what it was.
    AtMost(u32),
}

/// How many steps an emulator may execute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmulatedSteps {
    /// No limit was set.
    #[default]
    Unset,
    /// At most so many, the steps of all platforms together.
    AtMost(usize),
}
