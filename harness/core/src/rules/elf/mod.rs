//! The bytes of executable files, against the platform.

pub(super) mod elf_abi_mismatch;
pub(super) mod elf_isa_too_new;
pub(super) mod elf_machine_mismatch;
pub(super) mod elf_malformed;
pub(super) mod elf_packed;
pub(super) mod elf_page_alignment;
pub(super) mod executable_foreign_format;
