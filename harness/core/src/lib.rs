//! The pure half of archproof: what can be read of images and Dockerfiles, what was observed of
//! them, and what the rules and the user's expectations make of it. Nothing here runs a program or
//! reaches a network.
//!
//! The crate `archproof` is the entrance; this one is apart so that it cannot import an engine, a
//! runtime or a network, and so that what only reads and judges is light.

pub mod arch;
pub mod baseline;
pub mod case;
mod causes;
pub mod diff;
pub mod dockerfile;
pub mod elf;
pub mod evidence;
pub mod expectation;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod inspect;
pub mod knowledge;
pub mod launch;
pub mod linux;
pub mod listing;
pub mod loader;
pub mod oci;
pub mod platform;
pub mod processor;
pub mod rules;
mod sentence;
pub mod text;
pub mod verdict;
