//! A variable that has a path of another architecture, which does not exist.

use crate::evidence::image::ImagePath;
use crate::knowledge::names::unmistakable;
use crate::platform::Platform;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::entrypoint::variables;
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::EnvPathMissing,
    group: Group::Entrypoint,
    severity: Severity::Error,
    summary: "An environment variable contains another architecture's path, which does not exist.",
    page: include_str!("../../../pages/EnvPathMissing.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

/// Variables whose only value is a path of another architecture that is not there: a base image's
/// `JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64`. A missing path alone proves nothing, for many
/// are made at run time; nor does one missing entry of a list that has others.
fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let variant = context.variant;
    let mut findings = Vec::new();
    for (name, value) in variables(variant).iter().filter(|(name, _)| **name != "PATH") {
        let is_there = |path: &str| variant.files.resolve(&ImagePath::root(), path).is_ok();
        // The address of something is not its path.
        let is_path = |it: &&str| it.starts_with('/') && !it.starts_with("//");
        let paths: Vec<&str> = value.split([':', ';', ',', ' ']).filter(is_path).collect();
        if paths.iter().any(|path| is_there(path)) {
            continue;
        }
        let foreign = paths
            .iter()
            .find_map(|path| foreign_name(path, variant.platform).map(|token| (path, token)));
        if let Some((path, token)) = foreign {
            let message =
                format!("{name} is {path}, which does not exist and is a path for {token}");
            findings.push(RULE.of_path(variant.platform, path, message));
        }
    }
    findings
}

/// The part of a path that names another architecture than the platform's.
fn foreign_name(path: &str, platform: Platform) -> Option<&'static str> {
    let own = platform.elf_target().machine;
    let names = unmistakable(path);
    if names.iter().any(|(_, machine)| *machine == own) {
        return None;
    }
    names.first().map(|(name, _)| *name)
}
