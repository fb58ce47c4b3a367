//! Files that the author put into most variants, and not into all.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Finding, Rule, Severity};
use super::neutral;
use super::own::own_files;
use super::usual::listed;
use crate::evidence::image::{ImagePath, NodeKind, Variant};
use crate::launch::{DEFAULT_PATH, variable};
use crate::platform::Platform;

/// What `known` findings miss on a platform is not missed again.
pub(super) fn check(variants: &[&Variant], known: &[Finding]) -> Vec<Finding> {
    let files: Vec<Files<'_>> = variants.iter().map(|it| Files::of(it)).collect();
    let mut holders: BTreeMap<&str, Vec<&Files<'_>>> = BTreeMap::new();
    for files in &files {
        for path in files.paths.keys() {
            holders.entry(path).or_default().push(files);
        }
    }
    // What only a few have may be for them alone.
    holders.retain(|_, of| of.len() * 2 >= files.len());
    let said = known.iter().filter_map(|it| Some((it.platform?, it.path.as_deref()?)));
    let said: BTreeSet<(Platform, &str)> = said.collect();
    files.iter().flat_map(|it| it.missing(&holders, &said)).collect()
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
}

impl<'a> Files<'a> {
    fn of(variant: &'a Variant) -> Self {
        let machine = variant.platform.elf_target().machine;
        let path_folders = command_folders(variant);
        let names = path_folders.iter().flat_map(|it| variant.files.names(it));
        let in_path = names.map(|it| neutral::part(it, machine)).collect();
        let (paths, commands, folders) = Default::default();
        let mut files = Self { variant, paths, commands, folders, in_path };
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
    fn missing(
        &self,
        holders: &BTreeMap<&str, Vec<&Files<'_>>>,
        said: &BTreeSet<(Platform, &str)>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut others: BTreeMap<&str, String> = BTreeMap::new();
        for (common, of) in holders.iter().filter(|(common, of)| self.lacks(common, of, said)) {
            let platforms = || listed(of.iter().map(|it| it.variant.platform));
            if of.iter().any(|it| it.commands.contains(*common)) {
                if self.has_command(common) {
                    continue;
                }
                let message = format!("missing here, present on {}", platforms());
                findings.push(self.finding(message).with_path(of[0].paths[*common].as_str()));
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
            findings.push(self.finding(message).with_severity(Severity::Note));
        }
        findings
    }

    fn lacks(
        &self,
        common: &str,
        holders: &[&Files<'_>],
        said: &BTreeSet<(Platform, &str)>,
    ) -> bool {
        let Some(path) = holders.first().and_then(|it| it.paths.get(common)) else { return false };
        // It may be there and be another's.
        !self.paths.contains_key(common)
            && self.variant.files.get(path).is_none()
            && !said.contains(&(self.variant.platform, path.as_str()))
    }

    /// Whether another folder of PATH has a command of that name: that serves as well.
    fn has_command(&self, common: &str) -> bool {
        self.in_path.contains(common.rsplit('/').next().unwrap_or(common))
    }

    fn finding(&self, message: String) -> Finding {
        Finding::of_platform(Rule::ParityFiles, self.variant.platform, message)
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
