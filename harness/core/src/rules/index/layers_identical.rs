//! Variants for different architectures that share the same layers.

use crate::elf::Machine;
use crate::evidence::image::{Content, Variant};
use crate::rules::context::{Context, VariantContext};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::LayersIdentical,
    group: Group::Index,
    severity: Severity::Warning,
    summary: "Variants for different architectures share the same layers, machine code included.",
    page: include_str!("../../../pages/LayersIdentical.md"),
    needs: Needs::Image,
    check: Check::Image(check),
};

/// Where the same layers hold code that `ElfMachineMismatch` judges, that rule says it, file by file.
/// Here remains the code that it leaves out, such as object files.
fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut identical = Vec::new();
    for (at, one) in context.variants.iter().enumerate() {
        for other in &context.variants[at + 1..] {
            let (first, second) = (one.variant, other.variant);
            let machines_differ = first.platform.elf_target() != second.platform.elf_target();
            if machines_differ
                && has_same_layers(first, second)
                && holds_code(first)
                && !has_judged_code(one)
                && !has_judged_code(other)
            {
                let message = format!(
                    "{} and {} have the same layers, which contain machine code",
                    first.platform, second.platform
                );
                identical.push(RULE.of_index(message));
            }
        }
    }
    identical
}

fn has_same_layers(one: &Variant, other: &Variant) -> bool {
    let digests = |it: &Variant| it.layers.iter().map(|it| it.digest).collect::<Vec<_>>();
    !one.layers.is_empty() && digests(one) == digests(other)
}

/// Whether a file is judged by its machine, and is for another.
fn has_judged_code(context: &VariantContext<'_>) -> bool {
    let own = context.variant.platform.elf_target();
    context.executables().iter().any(|it| it.facts.target() != own)
}

fn holds_code(variant: &Variant) -> bool {
    variant.files.iter().any(|(_, node)| match node.content() {
        Some(Content::Elf(facts)) => {
            !matches!(facts.machine, Machine::BPF | Machine::CUDA | Machine::AMDGPU)
        }
        _ => false,
    })
}
