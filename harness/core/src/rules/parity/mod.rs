//! Whether all platforms got the same: what differs from the others, of one platform.

pub(super) mod parity_build_info;
pub(super) mod parity_data;
pub(super) mod parity_files;
pub(super) mod parity_identical_binary;
pub(super) mod parity_linkage;
pub(super) mod parity_output;
