//! What a run may use, and how long everything around it may take.

use std::time::Duration;

/// Memory that a run may use, in bytes, the emulator's own included.
pub(super) const MEMORY: u64 = 1 << 30;
/// What a run may write to its root filesystem, in bytes.
pub(super) const DISK: u64 = 512 << 20;
/// The longest trace of system calls that is read, in bytes.
pub(super) const TRACE_LIMIT: usize = 8 << 20;
/// Processes and threads that a run may have.
pub(super) const PROCESSES: u64 = 256;

/// When the runs of an image have taken so long, no further one begins. An index may have a thousand
/// entries, each of which may use up its own time.
pub(super) const RUNS_TIMEOUT: Duration = Duration::from_hours(1);
/// How long the engine may take to start a container.
pub(super) const CONTAINER_START_TIMEOUT: Duration = Duration::from_mins(1);
/// How long the engine may take over a run beyond the time that the program may take by the clock.
pub(super) const ENGINE_TIMEOUT: Duration = Duration::from_mins(2);
/// How long a sandbox may take to be made.
pub(super) const SANDBOX_START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a program that does nothing may take.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long output may lag behind the end of its program.
pub(super) const OUTPUT_TIMEOUT: Duration = Duration::from_secs(5);
