//! Shows what was found: all wording and colours, away from the types.

mod attest;
mod diff;
mod facts;
mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
mod problem;
mod progress;
mod sarif;
mod steps;
mod text;
mod wrap;

pub use attest::{Attestation, attestations};
pub use diff::{write_diff_json, write_diff_text};
pub use facts::{FactsReport, write_facts_json, write_facts_text};
pub use github::write_github;
pub use gitlab::write_gitlab;
pub use json::write_json;
pub use junit::write_junit;
pub use markdown::write_markdown;
pub use problem::Reported;
pub use progress::{Screen, report_progress};
pub use sarif::write_sarif;
pub use text::{write_text, write_verification};
pub use wrap::wrap;
