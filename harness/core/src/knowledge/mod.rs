//! What is known of the world outside of images: tools, languages, and the words of paths.

pub mod names;
pub(crate) mod tools;
