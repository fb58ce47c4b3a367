//! Files whose code for newer processors is executed only by those.

use crate::elf::ElfFacts;
use crate::evidence::image::ImagePath;

/// Whether the file, or the loader for it, looks at the processor before it uses what it declares to
/// need.
pub(crate) fn is_dispatched(path: &ImagePath, facts: &ElfFacts) -> bool {
    let name = facts.soname.as_deref().unwrap_or_else(|| path.file_name());
    is_chosen_by_folder(path) || CHOOSE_AT_RUN_TIME.iter().any(|it| name.starts_with(it))
}

/// Libraries that bring code for newer processors and look before they use it, by the beginning of
/// their names.
const CHOOSE_AT_RUN_TIME: &[&str] = &[
    "libarmmem",
    "libatomic.so",
    "libcrypto.so",
    "libfreeblpriv3.so",
    "libgcrypt.so",
    "libgmp.so",
    "libnettle.so",
    "libhogweed.so",
];

/// glibc's loader takes files from these folders only if the processor has what they are named for.
fn is_chosen_by_folder(path: &ImagePath) -> bool {
    path.components().any(|it| it == "glibc-hwcaps")
}
