//! archproof as a whole: its program and its library, with a real engine, real emulators and a real
//! registry. One program, for linking a second takes longer than most tests.

mod attacks;
mod baseline;
mod build;
mod claims;
mod cli;
mod common;
mod conformance;
mod diff;
mod documents;
mod evaluation;
mod evidence;
mod faults;
mod fuzzed;
mod harness;
mod hostile;
mod inspect;
mod lint;
mod machine;
mod official;
mod reports;
mod sandbox;
mod sources;
mod trace;
