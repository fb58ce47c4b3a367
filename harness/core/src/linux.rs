//! Limits of Linux, by which the images go, whatever the host is.
//!
//! Source: Linux, `include/uapi/linux/limits.h` and `include/linux/namei.h`.

/// As long as a path may be, in bytes, the zero at its end included.
pub const PATH_MAX: usize = 4096;

/// As many links are followed in a path.
pub const MAXSYMLINKS: usize = 40;
