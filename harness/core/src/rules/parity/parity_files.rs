//! Files that the author put into most variants, and not into all.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::image::{ImagePath, NodeKind, Variant};
use crate::launch::{DEFAULT_PATH, LaunchError, variable};
use crate::rules::analysis::parity::neutral;
use crate::rules::analysis::parity::own_files::own_files;
use crate::rules::analysis::parity::usual::listed;
use crate::rules::context::{Context, VariantContext};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::entrypoint::reported_launch_errors;
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ParityFiles,
    group: Group::Parity,
    severity: Severity::Warning,
    summary: "Files that other platforms have are missing on one platform.",
    page: include_str!("../../../pages/ParityFiles.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let compared = context.comparable();
    let files: Vec<Files<'_>> = compared.iter().map(|it| Files::new(it)).collect();
    let mut holders: BTreeMap<&str, Vec<&Files<'_>>> = BTreeMap::new();
    for files in &files {
        for path in files.paths.keys() {
            holders.entry(path).or_default().push(files);
        }
    }
    // What only a few have may be for them alone.
    holders.retain(|_, of| of.len() * 2 >= files.len());
    files.iter().flat_map(|it| it.missing(&holders)).collect()
}

/// An author's files, by paths that are the same for all platforms.
struct Files<'a> {
    variant: &'a Variant,
    paths: BTreeMap<String, &'a ImagePath>,
    /// Those that are started by their name.
    commands: BTreeSet<String>,
    folders: BTreeSet<String>,
    /// All names in the folders of PATH, whosever.
    in_path: BTreeSet<String>,
    /// What the image's command names and does not have, which is told of the entrypoint.
    lost: BTreeSet<String>,
}

impl<'a> Files<'a> {
    fn new(context: &VariantContext<'a>) -> Self {
        let variant = context.variant;
        let machine = variant.platform.elf_target().machine;
        let path_folders = command_folders(variant);
        let names = path_folders.iter().flat_map(|it| variant.files.names(it));
        let in_path = names.map(|it| neutral::part(it, machine)).collect();
        let (paths, commands, folders) = Default::default();
        let lost = reported_launch_errors(context).filter_map(LaunchError::missing_word);
        let lost = lost.map(str::to_owned).collect();
        let mut files = Self { variant, paths, commands, folders, in_path, lost };
        for (path, node) in own_files(variant) {
            let is_file = node.content().is_some();
            let is_link = matches!(node.kind, NodeKind::Symlink { .. });
            if !is_file && !is_link {
                continue;
            }
            let common = neutral::path(path, machine);
            let is_in_path = path.parent().is_some_and(|it| path_folders.contains(&it));
            if is_in_path && (is_link || node.is_executable()) {
                files.commands.insert(common.clone());
            }
            files.folders.extend(folders_of(&common).map(str::to_owned));
            files.paths.insert(common, path);
        }
        files
    }

    /// What at least half of the variants have, and this one has not.
    fn missing(&self, holders: &BTreeMap<&str, Vec<&Files<'_>>>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut others: BTreeMap<&str, String> = BTreeMap::new();
        for (common, of) in holders.iter().filter(|(common, of)| self.lacks(common, of)) {
            let platforms = || listed(of.iter().map(|it| it.variant.platform));
            if of.iter().any(|it| it.commands.contains(*common)) {
                if self.has_command(common) {
                    continue;
                }
                let message = format!("missing here, present on {}", platforms());
                let path = of[0].paths[*common].as_str();
                findings.push(RULE.of_path(self.variant.platform, path, message));
            } else {
                // What lies in a missing folder is missing with it.
                let first = folders_of(common).find(|it| !self.folders.contains(*it));
                others.entry(first.unwrap_or(common)).or_insert_with(platforms);
            }
        }
        if let Some((first, platforms)) = others.first_key_value() {
            let more = match others.len() {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            let message = format!("{first} is missing here, present on {platforms}{more}");
            let finding = RULE.of_platform(self.variant.platform, message);
            findings.push(finding.with_severity(Severity::Note));
        }
        findings
    }

    fn lacks(&self, common: &str, holders: &[&Files<'_>]) -> bool {
        let Some(path) = holders.first().and_then(|it| it.paths.get(common)) else { return false };
        // It may be there and be another's.
        !self.paths.contains_key(common)
            && self.variant.files.get(path).is_none()
            && !self.lost.contains(path.as_str())
    }

    /// Whether another folder of PATH has a command of that name: that serves as well.
    fn has_command(&self, common: &str) -> bool {
        self.in_path.contains(common.rsplit('/').next().unwrap_or(common))
    }
}

/// The folders above a path, the highest first.
fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).filter(|it| !it.is_empty())
}

/// The folders of PATH, links followed.
fn command_folders(variant: &Variant) -> BTreeSet<ImagePath> {
    let path = variable(&variant.config, "PATH").unwrap_or(DEFAULT_PATH);
    let folders = path.split(':').filter(|it| it.starts_with('/'));
    folders
        .filter_map(|it| variant.files.resolve(&ImagePath::root(), it).ok())
        .map(|(folder, _)| folder)
        .collect()
}
