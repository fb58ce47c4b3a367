//! What is done with the bytes of a fuzzer, and in `cargo test` with those that it once found. Each
//! module is one target: its `run` panics where archproof does not keep a promise.

pub mod archive;
pub mod case;
pub mod credentials;
pub mod dockerfile;
pub mod document;
pub mod elf;
mod host;
pub mod layer;
pub mod registry;
mod report;
mod tar;
