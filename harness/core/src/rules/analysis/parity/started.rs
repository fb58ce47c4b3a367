//! The programs that images start, side by side.

use std::collections::BTreeMap;

use super::neutral;
use crate::elf::ElfFacts;
use crate::evidence::image::{ImagePath, Variant};
use crate::launch::Launches;

/// A program that an image's command starts.
pub(in crate::rules) struct Started<'a> {
    pub(in crate::rules) variant: &'a Variant,
    pub(in crate::rules) path: ImagePath,
    pub(in crate::rules) facts: &'a ElfFacts,
}

/// What the images' commands start, by the path that they have in common.
pub(in crate::rules) fn started<'a, 'c>(
    variants: impl Iterator<Item = (&'a Variant, &'c Launches<'a>)>,
) -> BTreeMap<String, Vec<Started<'a>>>
where
    'a: 'c,
{
    let mut programs: BTreeMap<String, Vec<Started<'a>>> = BTreeMap::new();
    for (variant, launches) in variants {
        let machine = variant.platform.elf_target().machine;
        for launch in launches.iter().flatten() {
            let path = launch.file(&variant.files);
            let of_path = programs.entry(neutral::path(&path, machine)).or_default();
            if !of_path.iter().any(|it| std::ptr::eq(it.variant, variant)) {
                of_path.push(Started { variant, path, facts: launch.program.1 });
            }
        }
    }
    programs.retain(|_, it| it.len() > 1);
    programs
}
