//! The bytes of executable files, against the platform.

use super::abi::Convention;
use super::names::is_foreign;
use super::reach::Reach;
use super::scope::{Exemption, Scope, is_debug_information, is_test_data};
use super::{Finding, Rule, Severity, isa, paging};
use crate::elf::{ElfFacts, ElfTarget, Machine, Malformation, Packer};
use crate::evidence::image::{Content, ForeignFormat, ImagePath, Node, NodeKind, Variant};
use crate::launch::Arguments;
use crate::platform::{Architecture, Platform};

pub(super) fn check(variant: &Variant, arguments: &Arguments) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (convention, scope) = (Convention::of(variant), Scope::of(variant));
    let reach = Reach::of(variant, arguments);
    for file @ (path, node) in variant.files.iter() {
        // A file of several names is one file.
        let NodeKind::File { content, .. } = &node.kind else { continue };
        match content {
            Content::Elf(facts) if counts(&scope, path, facts, &reach) => {
                match (machine_mismatch(&scope, file, facts, &reach), &facts.malformation) {
                    (Some(finding), _) => findings.push(finding),
                    (None, _) if is_debug_information(path) => {}
                    (None, Some(why)) => findings.push(malformed(variant, file, why)),
                    (None, None) => {
                        if !scope.is_chosen(path) {
                            findings.extend(convention.check(variant, file, facts));
                            findings.extend(isa::check(variant, file, facts));
                            findings.extend(paging::check(variant, file, facts));
                        }
                        findings.extend(packed(variant, file, facts));
                    }
                }
            }
            Content::BrokenElf(why) if !is_test_data(path) => {
                findings.push(malformed(variant, file, why));
            }
            Content::Foreign(format)
                if node.is_executable()
                    && !format.is_portable()
                    && (is_misplaced(path) || reach.leads_to_foreign(path)) =>
            {
                findings.push(foreign(variant, file, *format));
            }
            _ => {}
        }
    }
    findings
}

/// Whether the file is meant for the platform, by what it is or because a name leads to it.
fn counts(scope: &Scope<'_>, path: &ImagePath, facts: &ElfFacts, reach: &Reach) -> bool {
    match scope.exemption(path, facts) {
        None => true,
        // These may lie in PATH as well: a loader of eBPF beside its programs, and an emulator
        // where the kernel of another machine finds it.
        Some(Exemption::OtherProcessor | Exemption::NotLoadable | Exemption::Emulator) => {
            reach.is_command(path)
        }
        Some(_) => reach.leads_to(path, facts.machine),
    }
}

fn machine_mismatch(
    scope: &Scope<'_>,
    file: (&ImagePath, &Node),
    facts: &ElfFacts,
    reach: &Reach,
) -> Option<Finding> {
    let variant = scope.variant;
    let actual = facts.target();
    let expected = variant.platform.elf_target();
    if actual == expected {
        return None;
    }
    let (expected, actual) = describe(expected, actual);
    let message = format!("is for {actual}, {} needs {expected}", variant.platform);
    let finding = Finding::of_file(Rule::ElfMachineMismatch, variant, file, message)
        .with_values(&expected, &actual);
    // Every amd64 processor executes i386's code, and most kernels let it.
    let is_tolerable = is_compatible(variant.platform, facts.machine)
        || scope.is_of_collection(file.0, facts.machine) && !reach.leads_to(file.0, facts.machine);
    Some(if is_tolerable { finding.with_severity(Severity::Warning) } else { finding })
}

fn is_compatible(platform: Platform, machine: Machine) -> bool {
    matches!(platform.architecture(), Architecture::Amd64(_)) && machine == Machine::I386
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

fn malformed(variant: &Variant, file: (&ImagePath, &Node), why: &Malformation) -> Finding {
    let finding = Finding::of_file(Rule::ElfMalformed, variant, file, why.to_string());
    // Nothing executes what has no permission for it; a loader might still map it.
    if file.1.is_executable() { finding } else { finding.with_severity(Severity::Warning) }
}

fn packed(variant: &Variant, file: (&ImagePath, &Node), facts: &ElfFacts) -> Option<Finding> {
    facts.packer.map(|Packer::Upx| {
        let message = "is packed by UPX, and unpacks itself only when it runs".to_owned();
        Finding::of_file(Rule::ElfPacked, variant, file, message)
    })
}

/// Packages bring what other systems need and say so in its name; here it is for one that does not.
fn is_misplaced(path: &ImagePath) -> bool {
    !is_test_data(path) && !is_foreign(path.as_str())
}

fn foreign(variant: &Variant, file: (&ImagePath, &Node), format: ForeignFormat) -> Finding {
    let message = format!("is {format}");
    Finding::of_file(Rule::ExecutableForeignFormat, variant, file, message)
        .with_values(&"ELF or a script", &format)
}
