//! archproof proves that a multi-architecture container image is what its manifest promises.
//!
//! ```no_run
//! # async fn example() -> Result<(), archproof::HarnessError> {
//! let report = archproof::verify("oci-archive:image.tar").run_args(["version"]).await?;
//! report.assert_pass();
//! # Ok(())
//! # }
//! ```
//!
//! [`verify`] and [`Harness`] are the entrance; without a runtime, [`Harness::blocking`] waits. That an
//! image is wrong is no error: the [`Report`] says so, with its [`Finding`]s.
//!
//! # What is stable
//!
//! What this page shows follows semantic versioning, and so do the command line, its exit statuses, the
//! case file, and the JSON reports with their schemas. The modules are public for archproof's own tests
//! and fuzz targets; they are hidden here, and may change in any version.
//!
//! # How it is built
//!
//! ```text
//! subject ──> image ──> evidence ──> findings ──> verdict ──> report
//!             (OCI)     (facts)      (rules)
//! ```
//!
//! One direction, each arrow one module. Rules are pure functions from evidence to findings;
//! effects (engine, filesystem, processes) live left of the evidence and right of the verdict.

#[doc(hidden)]
pub mod blocked;
#[doc(hidden)]
pub mod build;
#[doc(hidden)]
pub mod compare;
#[doc(hidden)]
pub mod doctor;
#[doc(hidden)]
pub mod emulator;
#[doc(hidden)]
pub mod engine;
mod error_chain;
#[doc(hidden)]
pub mod event;
#[doc(hidden)]
pub mod facts_cache;
#[doc(hidden)]
pub mod folders;
mod harness;
#[doc(hidden)]
pub mod lint;
mod machine;
#[doc(hidden)]
pub mod observe;
#[doc(hidden)]
pub mod outcome;
mod random;
mod reentry;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod revision;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod sandbox;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod subject;
mod temporary;
#[doc(hidden)]
pub mod tree;
#[doc(hidden)]
pub mod verify;

pub use archproof_core::evidence::image::ImageFacts;
pub use archproof_core::evidence::run::RunEvidence;
#[cfg(test)]
use archproof_core::fixture;
use archproof_core::linux;
pub use archproof_core::platform::{Platform, PlatformError};
pub use archproof_core::rules::{Finding, Group, Location, Rule, Severity};
pub use archproof_core::verdict::{Strictness, Verdict};
#[doc(hidden)]
pub use archproof_core::{
    arch, baseline, case, diff, dockerfile, elf, evidence, expectation, inspect, knowledge, launch,
    listing, loader, oci, platform, processor, rules, text, verdict,
};
pub use harness::{
    ContainerError, Harness, HarnessError, Inspect, Leftovers, Report, VariantFacts, VariantReport,
    Verify, Workplace, verify,
};
pub use observe::RunnerChoice;
