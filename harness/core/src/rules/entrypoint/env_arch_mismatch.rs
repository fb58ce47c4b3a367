//! A variable or build argument that names another architecture.

use crate::evidence::image::Variant;
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
    rule: Rule::EnvArchMismatch,
    group: Group::Entrypoint,
    severity: Severity::Warning,
    summary: "An environment variable or build argument names another architecture.",
    page: include_str!("../../../pages/EnvArchMismatch.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let mut findings = of_environment(context.variant);
    findings.extend(of_steps(context.variant));
    findings
}

/// Variables that are named for the image's architecture, such as `QEMU_ARCH` and `S6_ARCH`. The
/// builder's and the host's may be any, and so may what a compiler works for.
fn of_environment(variant: &Variant) -> Vec<Finding> {
    let variables = variables(variant);
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
fn of_steps(variant: &Variant) -> Vec<Finding> {
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
    let is_executed = own.facts().executes_also(stated.elf_target().machine);
    if stated.elf_target() == own.elf_target() || is_executed {
        return None;
    }
    let message = format!("{name} is {value} in {whose}, but the platform is {own}");
    Some(RULE.of_platform(own, message).with_values(&own.architecture_name(), &value))
}
