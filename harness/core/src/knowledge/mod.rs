//! What is known of the world outside of images: tools, languages, and how vendors spell the names of
//! architectures.

pub mod names;
pub(crate) mod spellings;
pub(crate) mod tools;
