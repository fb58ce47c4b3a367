//! Programs and libraries, and the loaders that bring them together.
//!
//! What the loader decides for the entrypoint is an error, for other programs a warning: nothing may
//! ever start them, or start them with other variables.

mod defects;
pub(super) mod interpreter_mismatch;
pub(super) mod interpreter_missing;
pub(super) mod library_missing;
pub(super) mod loader_libc_mismatch;
pub(super) mod symbol_version_missing;
