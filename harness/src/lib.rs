//! archproof proves that a multi-architecture container image is what its manifest promises.
//!
//! ```text
//! subject ──> image ──> evidence ──> findings ──> verdict ──> report
//!             (OCI)     (facts)      (rules)
//! ```
//!
//! One direction, each arrow one module. Rules are pure functions from evidence to findings;
//! effects (engine, filesystem, processes) live left of the evidence and right of the verdict.

pub mod build;
pub mod case;
pub mod check;
pub mod dockerfile;
pub mod doctor;
pub mod elf;
pub mod emulator;
pub mod engine;
mod error_chain;
pub mod event;
pub mod evidence;
pub mod facts_cache;
#[cfg(test)]
mod fixture;
pub mod folders;
pub mod inspect;
pub mod launch;
pub mod lint;
mod linux;
pub mod loader;
mod machine;
pub mod observe;
pub mod oci;
pub mod platform;
pub mod processor;
mod random;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod source;
pub mod subject;
mod temporary;
pub mod text;
pub mod tree;
pub mod verdict;
pub mod verify;
