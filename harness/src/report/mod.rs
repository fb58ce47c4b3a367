//! Shows what was found: all wording and colours, away from the types.

mod facts;
mod json;
mod progress;
mod steps;
mod text;
mod wrap;

pub(crate) use facts::describe_content;
pub use facts::{FactsReport, write_facts_json, write_facts_text};
pub use json::write_json;
pub use progress::{Screen, report_progress};
pub use text::write_text;
pub use wrap::wrap;
