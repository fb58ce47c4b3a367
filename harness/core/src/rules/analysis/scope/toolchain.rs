//! Cross toolchains: what they hold for the target.

use crate::elf::Machine;
use crate::evidence::image::{ImagePath, Variant};
use crate::knowledge::names::names;

pub(super) fn is_cross_toolchain(variant: &Variant, components: &[&str], machine: Machine) -> bool {
    let own = variant.platform.elf_target().machine;
    // A folder that is named for the platform's own machine is no other's.
    let is_others = |folder: &str| machine == own || !names(folder, own);
    match components {
        ["usr", "lib", "gcc-cross", ..] => true,
        ["usr", folder, ..] | ["usr", "local", folder, ..] if is_triplet(folder) => {
            is_others(folder)
        }
        [.., "rustlib", target, "lib", _] if is_triplet(target) => is_others(target),
        _ if machine == own => false,
        _ => {
            is_in_sysroot(components, own)
                || has_compiler(variant, components, own)
                || is_for_a_debugger(components)
        }
    }
}

/// `aarch64-linux-gnu`, `x86_64-linux-musl`, `x86_64-w64-mingw32`.
pub(super) fn is_triplet(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    matches!(parts.as_slice(), [_, "linux", _] | [_, _, "linux", _] | [_, "w64", "mingw32"])
}

/// `sysroot`, as crosstool-NG and the Android NDK call it, and Yocto's `sysroots/cortexa57-poky-linux`.
fn is_in_sysroot(components: &[&str], own: Machine) -> bool {
    components.contains(&"sysroot")
        || components.windows(2).any(|it| it[0] == "sysroots" && !names(it[1], own))
}

/// GNU's layout under any prefix: `PREFIX/TRIPLET` and `PREFIX/lib/gcc/TRIPLET` belong to
/// `PREFIX/bin/TRIPLET-gcc`.
fn has_compiler(variant: &Variant, components: &[&str], own: Machine) -> bool {
    let mut triplets = components.iter().enumerate().filter(|it| is_triplet(it.1));
    triplets.any(|(at, triplet)| {
        let above = components.get(..at).unwrap_or_default();
        let prefix = match above {
            [prefix @ .., "lib" | "libexec", "gcc"] => prefix,
            _ => above,
        };
        let bin = prefix.iter().fold(ImagePath::root(), |path, it| path.join(it)).join("bin");
        let is_tool = |it: &str| it.strip_prefix(triplet).is_some_and(|it| it.starts_with('-'));
        !names(triplet, own) && variant.files.names(&bin).any(is_tool)
    })
}

/// NVIDIA's profilers bring what is to be copied to the machines that they are connected to:
/// `nsight-compute/2024.1/target/linux-desktop-t210-a64`.
fn is_for_a_debugger(components: &[&str]) -> bool {
    let mut below = components.iter().skip_while(|it| !it.starts_with("nsight-"));
    below.next().is_some() && below.any(|it| it.starts_with("target"))
}
