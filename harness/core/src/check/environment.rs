//! What the environment of the image, and of the steps that built it, says of architectures.

use std::collections::BTreeMap;

use super::names::unmistakable;
use super::{Finding, Rule};
use crate::elf::Machine;
use crate::evidence::image::{ImagePath, Variant};
use crate::platform::{Architecture, Platform};

pub(super) fn check(variant: &Variant) -> Vec<Finding> {
    let variables = variables(variant);
    if variant.files.is_empty() || is_for_cross_compiling(&variables) {
        return Vec::new();
    }
    let mut findings = paths(variant, &variables);
    findings.extend(values(variant, &variables));
    findings.extend(arguments(variant));
    findings
}

/// The variables by their names, of which the last value counts.
fn variables(variant: &Variant) -> BTreeMap<&str, &str> {
    let env = variant.config.env.as_deref().unwrap_or_default();
    env.iter().filter_map(|it| it.split_once('=')).collect()
}

/// Images that compile for another machine say so: `CROSS_COMPILE`, `CROSS_ROOT`.
fn is_for_cross_compiling(variables: &BTreeMap<&str, &str>) -> bool {
    variables.keys().any(|name| name.split('_').any(|it| it == "CROSS"))
}

/// Variables whose only value is a path of another architecture that is not there: a base image's
/// `JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64`. A missing path alone proves nothing, for many
/// are made at run time; nor does one missing entry of a list that has others.
fn paths(variant: &Variant, variables: &BTreeMap<&str, &str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, value) in variables.iter().filter(|(name, _)| **name != "PATH") {
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
                format!("{name} is {path}, which does not exist and is named for {token}");
            let finding = Finding::of_platform(Rule::EnvPathMissing, variant.platform, message);
            findings.push(finding.with_path(path));
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

/// Variables that are named for the image's architecture, such as `QEMU_ARCH` and `S6_ARCH`. The
/// builder's and the host's may be any, and so may what a compiler works for.
fn values(variant: &Variant, variables: &BTreeMap<&str, &str>) -> Vec<Finding> {
    let is_of_image = |name: &str| {
        let words: Vec<&str> = name.split('_').collect();
        let is_arch = words.last().is_some_and(|it| matches!(*it, "ARCH" | "TARGETARCH"));
        is_arch && !words.iter().any(|it| matches!(*it, "BUILD" | "BUILDER" | "HOST"))
    };
    let stated = variables.iter().filter(|(name, _)| is_of_image(name));
    stated.filter_map(|(name, value)| mismatch(variant, "the environment", name, value)).collect()
}

/// `TARGETARCH` as `BuildKit` writes the arguments of a step into the history:
/// `RUN |1 TARGETARCH=amd64 /bin/sh -c make`. A default shadows the builder's own value.
fn arguments(variant: &Variant) -> Vec<Finding> {
    let steps = variant.layers.iter().filter_map(|it| it.created_by.strip_prefix("RUN |"));
    let stated = steps.filter_map(|step| {
        let mut words = step.split(' ');
        let count: usize = words.next()?.parse().ok()?;
        words.take(count).find_map(|it| it.strip_prefix("TARGETARCH="))
    });
    stated.filter_map(|it| mismatch(variant, "a build step", "TARGETARCH", it)).collect()
}

fn mismatch(variant: &Variant, whose: &str, name: &str, value: &str) -> Option<Finding> {
    let own = variant.platform;
    let stated = Platform::from_parts("linux", value, "").ok()?;
    let is_i386_of_amd64 = matches!(own.architecture(), Architecture::Amd64(_))
        && stated.elf_target().machine == Machine::I386;
    if stated.elf_target() == own.elf_target() || is_i386_of_amd64 {
        return None;
    }
    let message = format!("{name} is {value} in {whose}, the platform is {own}");
    let finding = Finding::of_platform(Rule::EnvArchMismatch, own, message);
    Some(finding.with_values(&own.architecture_name(), &value))
}
