//! Variants side by side: what they have in common, and which differ from most.

pub(in crate::rules) mod neutral;
pub(in crate::rules) mod own_files;
pub(in crate::rules) mod started;
pub(in crate::rules) mod usual;
