//! archproof proves that a multi-architecture container image is what its manifest promises.
//!
//! ```text
//! subject ──> image ──> evidence ──> findings ──> verdict ──> report
//!             (OCI)     (facts)      (rules)
//! ```
//!
//! One direction, each arrow one module. Rules are pure functions from evidence to findings;
//! effects (engine, filesystem, processes) live left of the evidence and right of the verdict.

pub mod blocked;
pub mod build;
pub mod doctor;
pub mod emulator;
pub mod engine;
mod error_chain;
pub mod event;
pub mod facts_cache;
pub mod folders;
mod harness;
pub mod lint;
mod machine;
pub mod observe;
pub mod outcome;
mod random;
mod reentry;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod source;
pub mod subject;
mod temporary;
pub mod tree;
pub mod verify;

#[cfg(test)]
use archproof_core::fixture;
use archproof_core::linux;
pub use archproof_core::{
    case, dockerfile, elf, evidence, expectation, inspect, knowledge, launch, listing, loader, oci,
    platform, processor, rules, text, verdict,
};
pub use harness::{
    ContainerError, Harness, HarnessError, Inspect, Leftovers, Report, VariantFacts, VariantReport,
    Verify, Workplace, verify,
};
