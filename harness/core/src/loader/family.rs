//! The C libraries whose loaders are known.

/// Whose loader it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// The GNU C library's.
    Glibc,
    /// musl's, which is its C library at the same time.
    Musl,
}

impl Family {
    /// The family that a file name belongs to, of a loader or of the library that is one.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        const MUSL: [&str; 3] = ["ld-musl-", "libc.musl-", "libgcompat.so"];
        const GLIBC: [&str; 5] = ["ld-linux", "ld.so", "ld64.so.", "ld-2.", "ld-lsb"];
        if MUSL.iter().any(|it| name.starts_with(it)) || name == "libc.so" {
            Some(Self::Musl)
        } else if GLIBC.iter().any(|it| name.starts_with(it)) {
            Some(Self::Glibc)
        } else {
            None
        }
    }
}
