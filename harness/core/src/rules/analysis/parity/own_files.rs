//! The files that an image's author put there. What a distribution's packages bring along differs
//! between architectures for reasons of its own.

use crate::evidence::image::{ImagePath, Node, Variant};

pub(crate) fn own_files(variant: &Variant) -> impl Iterator<Item = (&ImagePath, &Node)> {
    variant.files.iter().filter(|(path, node)| is_own(variant, path, node))
}

fn is_own(variant: &Variant, path: &ImagePath, node: &Node) -> bool {
    let parts: Vec<&str> = path.components().collect();
    !is_passing(&parts) && (!is_of_distribution(&parts) || is_copied(variant, node))
}

/// Source: Filesystem Hierarchy Standard 3.0: `/usr/local` (4.9) and `/opt` (3.13) are for what is
/// no part of the distribution; of `/srv`, `/home` and other names at the top it has none.
fn is_of_distribution(parts: &[&str]) -> bool {
    match parts {
        ["usr", "local", ..] => false,
        [first, ..] => {
            matches!(*first, "bin" | "boot" | "etc" | "sbin" | "usr" | "var")
                || first.starts_with("lib")
        }
        [] => true,
    }
}

/// What is made on the way, or comes and goes.
fn is_passing(parts: &[&str]) -> bool {
    let is_top = matches!(parts.first(), Some(&("dev" | "proc" | "run" | "sys" | "tmp")));
    is_top
        || parts.iter().any(|it| matches!(*it, ".cache" | "__pycache__" | "cache" | "log" | "logs"))
}

/// By a step of its own, on top of a base.
fn is_copied(variant: &Variant, node: &Node) -> bool {
    let step = variant.layers.get(node.layer).map_or("", |it| it.created_by.as_str());
    let step = step.trim_end_matches("# buildkit").trim_end();
    // Whoever copies a whole root filesystem copies a distribution.
    node.layer > 0 && step.starts_with("COPY ") && !step.ends_with(" /")
}
