//! A file that starts with an ELF header and cannot be loaded.

use crate::elf::Malformation;
use crate::evidence::image::{Content, ImagePath, Node, NodeKind};
use crate::rules::analysis::scope::is_test_data;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ElfMalformed,
    group: Group::Elf,
    severity: Severity::Error,
    summary: "A file starts with an ELF header but cannot be loaded.",
    page: include_str!("../../../pages/ElfMalformed.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let readable = context
        .executables()
        .iter()
        .filter(|it| it.is_whole)
        .filter_map(|it| Some(finding(context, it.file(), it.facts.malformation.as_ref()?)));
    let files = context.variant.files.iter();
    let broken = files.filter_map(|file @ (path, node)| match &node.kind {
        NodeKind::File { content: Content::BrokenElf(why), .. } if !is_test_data(path) => {
            Some(finding(context, file, why))
        }
        _ => None,
    });
    readable.chain(broken).collect()
}

fn finding(context: &VariantContext<'_>, file: (&ImagePath, &Node), why: &Malformation) -> Finding {
    let finding = RULE.of_file(context.variant, file, why.to_string());
    // Nothing executes what has no permission for it; a loader might still map it.
    if file.1.is_executable() { finding } else { finding.with_severity(Severity::Warning) }
}
