//! The list of the rules.

use super::definition::{Definition, Group, Needs};
use super::rule::Rule;
use super::severity::Severity;
#[cfg(test)]
use super::tests::Case;
use super::{build, dockerfile, elf, entrypoint, index, linking, parity, run};

macro_rules! rules {
    ($($group:ident::$rule:ident,)*) => {
        /// All rules, by group.
        pub(super) const DEFINITIONS: &[&Definition] = &[$(&$group::$rule::RULE,)*];

        /// The images and Dockerfiles that each rule is tried on.
        #[cfg(test)]
        pub(super) fn all_cases() -> Vec<(Rule, Vec<Case>)> {
            vec![$(($group::$rule::RULE.rule, $group::$rule::cases::cases()),)*]
        }
    };
}

rules! {
    index::platform_missing,
    index::platform_duplicate,
    index::platform_invalid,
    index::platform_descriptor_mismatch,
    index::index_nested,
    index::layers_empty,
    index::blob_missing,
    index::digest_mismatch,
    index::layers_identical,
    elf::elf_machine_mismatch,
    elf::elf_abi_mismatch,
    elf::elf_isa_too_new,
    elf::elf_page_alignment,
    elf::elf_packed,
    elf::elf_malformed,
    elf::executable_foreign_format,
    linking::interpreter_missing,
    linking::interpreter_mismatch,
    linking::library_missing,
    linking::symbol_version_missing,
    linking::loader_libc_mismatch,
    entrypoint::entrypoint_missing,
    entrypoint::entrypoint_not_executable,
    entrypoint::entrypoint_shebang,
    entrypoint::entrypoint_shell_missing,
    entrypoint::user_missing,
    entrypoint::env_path_missing,
    entrypoint::env_arch_mismatch,
    run::run_failed,
    run::run_timed_out,
    run::run_help_unknown,
    run::run_output_missing,
    run::run_isa_fault,
    run::run_foreign_executable,
    parity::parity_output,
    parity::parity_files,
    parity::parity_identical_binary,
    parity::parity_build_info,
    parity::parity_linkage,
    parity::parity_data,
    build::build_failed,
    build::build_step_emulated,
    build::build_step_not_shared,
    dockerfile::base_platform_missing,
    dockerfile::base_pinned_to_one_platform,
    dockerfile::platform_arg_shadowed,
    dockerfile::platform_arg_out_of_scope,
    dockerfile::final_stage_pinned,
    dockerfile::stage_platform_ignored,
    dockerfile::stage_unresolved,
    dockerfile::builder_not_native,
    dockerfile::builder_target_missing,
    dockerfile::arch_hardcoded,
    dockerfile::arch_from_uname,
    dockerfile::cache_mount_shared,
    dockerfile::platform_spelling,
}

impl Rule {
    fn definition(self) -> &'static Definition {
        DEFINITIONS[self as usize]
    }

    /// What the rule is about.
    #[must_use]
    pub fn group(self) -> Group {
        self.definition().group
    }

    /// How bad the defect is, unless a finding says otherwise.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.definition().severity
    }

    /// The defect in one sentence.
    #[must_use]
    pub fn summary(self) -> &'static str {
        self.definition().summary
    }

    /// The evidence without which it finds nothing.
    #[must_use]
    pub fn needs(self) -> Needs {
        self.definition().needs
    }

    /// The rule's page, Markdown.
    #[must_use]
    pub fn page(self) -> &'static str {
        self.definition().page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_listed_in_its_place() {
        let listed: Vec<Rule> = DEFINITIONS.iter().map(|it| it.rule).collect();
        assert_eq!(listed, Rule::ALL);
        assert!(DEFINITIONS.is_sorted_by_key(|it| it.group));
    }
}
