//! An ELF file that is compressed and unpacks itself when it runs.

use crate::elf::Packer;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ElfPacked,
    group: Group::Elf,
    severity: Severity::Warning,
    summary: "An ELF file is compressed and unpacks itself when it runs.",
    page: include_str!("../../../pages/ElfPacked.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let files = context.executables().iter().filter(|it| it.is_whole);
    let packed = files.filter(|it| matches!(it.facts.packer, Some(Packer::Upx)));
    let message = || "the file is packed by UPX and unpacks itself at run time".to_owned();
    packed.map(|it| RULE.of_file(context.variant, it.file(), message())).collect()
}
