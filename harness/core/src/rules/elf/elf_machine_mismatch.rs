//! An ELF file that is built for another architecture than its platform.

use crate::elf::ElfTarget;
use crate::rules::analysis::executables::Executable;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ElfMachineMismatch,
    group: Group::Elf,
    severity: Severity::Error,
    summary: "An ELF file is built for another architecture than its platform.",
    page: include_str!("../../../pages/ElfMachineMismatch.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    context.executables().iter().filter_map(|it| mismatch(context, it)).collect()
}

fn mismatch(context: &VariantContext<'_>, file: &Executable<'_>) -> Option<Finding> {
    let (variant, machine) = (context.variant, file.facts.machine);
    let actual = file.facts.target();
    let expected = variant.platform.elf_target();
    if actual == expected {
        return None;
    }
    let (expected, actual) = describe(expected, actual);
    let platform = variant.platform;
    let is_executed = platform.facts().executes_also(machine);
    let message = if is_executed {
        let name = platform.architecture_name();
        format!("the file is built for {actual}, not for {platform}; most {name} kernels run it")
    } else {
        format!("the file is built for {actual}; {platform} cannot run it")
    };
    let finding = RULE.of_file(variant, file.file(), message).with_values(&expected, &actual);
    let is_tolerable = is_executed
        || context.scope().is_of_collection(file.path, machine)
            && !context.reach().leads_to(file.path, machine);
    Some(if is_tolerable { finding.with_severity(Severity::Warning) } else { finding })
}

/// Names the machine alone where that tells the two apart.
fn describe(expected: ElfTarget, actual: ElfTarget) -> (String, String) {
    let full = |it: ElfTarget| format!("{} {} {}", it.machine, it.class, it.data);
    if expected.machine == actual.machine {
        (full(expected), full(actual))
    } else {
        (expected.machine.to_string(), actual.machine.to_string())
    }
}
