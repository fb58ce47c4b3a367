//! How the entrypoint ran, against what the case expects.

pub(super) mod run_failed;
pub(super) mod run_foreign_executable;
pub(super) mod run_help_unknown;
pub(super) mod run_isa_fault;
pub(super) mod run_output_missing;
pub(super) mod run_timed_out;
