//! The programs that images start, side by side.

use std::collections::BTreeMap;

use super::super::entrypoint::launches;
use super::neutral;
use crate::elf::ElfFacts;
use crate::evidence::image::{ImagePath, Variant};
use crate::launch::Arguments;

/// A program that an image's command starts.
pub(super) struct Started<'a> {
    pub variant: &'a Variant,
    pub path: ImagePath,
    pub facts: &'a ElfFacts,
}

/// What the images' commands start, by the path that they have in common.
pub(super) fn started<'a>(
    variants: &[&'a Variant],
    arguments: &Arguments,
) -> BTreeMap<String, Vec<Started<'a>>> {
    let mut programs: BTreeMap<String, Vec<Started<'a>>> = BTreeMap::new();
    for variant in variants {
        let machine = variant.platform.elf_target().machine;
        for launch in launches(variant, arguments).into_iter().flatten() {
            let path = launch.file(&variant.files);
            let of_path = programs.entry(neutral::path(&path, machine)).or_default();
            if !of_path.iter().any(|it| std::ptr::eq(it.variant, *variant)) {
                of_path.push(Started { variant, path, facts: launch.program.1 });
            }
        }
    }
    programs.retain(|_, it| it.len() > 1);
    programs
}
