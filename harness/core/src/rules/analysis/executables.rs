//! The ELF files that a variant is judged by.

use super::reach::Reach;
use super::scope::{Exemption, Scope, is_debug_information};
use crate::elf::ElfFacts;
use crate::evidence::image::{Content, ImagePath, Node, NodeKind, Variant};

/// An ELF file that is meant to run on the platform, or that a name leads to.
pub(in crate::rules) struct Executable<'a> {
    pub(in crate::rules) path: &'a ImagePath,
    pub(in crate::rules) node: &'a Node,
    pub(in crate::rules) facts: &'a ElfFacts,
    /// Whether its segments' bytes are in the file, so that more than its header can be judged.
    pub(in crate::rules) is_whole: bool,
    /// Whether its loader chose it for what it needs, so that it may need more than the platform.
    pub(in crate::rules) is_chosen: bool,
}

impl<'a> Executable<'a> {
    pub(in crate::rules) fn file(&self) -> (&'a ImagePath, &'a Node) {
        (self.path, self.node)
    }
}

/// The ELF files of a variant that count, each once, whatever the number of its names.
pub(in crate::rules) fn executables<'a>(
    variant: &'a Variant,
    scope: &Scope<'_>,
    reach: &Reach,
) -> Vec<Executable<'a>> {
    let of_file = |(path, node): (&'a ImagePath, &'a Node)| {
        let NodeKind::File { content: Content::Elf(facts), .. } = &node.kind else { return None };
        counts(scope, path, facts, reach).then(|| Executable {
            path,
            node,
            facts,
            is_whole: !is_debug_information(path),
            is_chosen: scope.is_chosen(path),
        })
    };
    variant.files.iter().filter_map(of_file).collect()
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
