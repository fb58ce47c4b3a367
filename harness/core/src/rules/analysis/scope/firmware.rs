//! Code that no process maps: of devices, boot loaders, kernels and emulated machines.

pub(super) fn is_firmware(components: &[&str]) -> bool {
    let is_in_folder = components.windows(2).any(|it| {
        matches!(
            it,
            ["lib", "firmware" | "grub" | "syslinux" | "SYSLINUX" | "u-boot"]
                | ["share", "qemu" | "openbios" | "seabios" | "slof" | "syslinux"]
                // Debian has a folder of the architecture before it.
                | [_, "opensbi"]
        )
    });
    // A kernel brings the vDSO of each convention that it knows, for debuggers.
    let is_vdso = components.windows(4).any(|it| matches!(it, ["lib", "modules", _, "vdso"]));
    let is_module = components.last().and_then(|it| it.strip_suffix(".c32")).is_some();
    is_in_folder || is_vdso || is_module || components.first() == Some(&"boot")
}
