//! What a Dockerfile gets wrong about platforms. Nothing is built or looked up for this.

pub(super) mod arch_from_uname;
pub(super) mod arch_hardcoded;
pub(super) mod base_pinned_to_one_platform;
pub(super) mod base_platform_missing;
pub(super) mod builder_not_native;
pub(super) mod builder_target_missing;
pub(super) mod cache_mount_shared;
pub(super) mod final_stage_pinned;
pub(super) mod platform_arg_out_of_scope;
pub(super) mod platform_arg_shadowed;
pub(super) mod platform_spelling;
pub(super) mod stage_platform_ignored;
pub(super) mod stage_unresolved;
