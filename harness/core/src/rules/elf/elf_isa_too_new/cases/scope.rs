use crate::fixture::{ElfFile, Layer, Variant};
use crate::rules::elf::elf_isa_too_new::RULE;
use crate::rules::tests::scope::beside;
use crate::rules::tests::{Case, caught, silent};

/// Builds for several versions of ARM, side by side.
pub(super) fn cases() -> Vec<Case> {
    let shared = |platform| ElfFile::of(platform).shared();
    let armv7 = || shared("linux/arm/v6").with_arm_attributes(&[(6, 10), (10, 4)]).bytes();
    let armv6 = || shared("linux/arm/v6").with_arm_attributes(&[(6, 6)]).bytes();
    vec![
        silent(
            RULE.rule,
            "an addon for each version of ARM",
            beside(
                "linux/arm/v6",
                [
                    ("srv/prebuilds/linux-arm/m.armv6.node", armv6()),
                    ("srv/prebuilds/linux-arm/m.armv7.node", armv7()),
                ],
            ),
        ),
        caught(
            RULE.rule,
            "an addon for a newer version alone",
            beside(
                "linux/arm/v6",
                [
                    ("srv/prebuilds/linux-arm/m.armv7.node", armv7()),
                    ("srv/prebuilds/linux-arm/other.armv6.node", armv6()),
                ],
            ),
            &["warning linux/arm/v6 /srv/prebuilds/linux-arm/m.armv7.node"],
        ),
        silent(
            RULE.rule,
            "Raspbian's functions for newer processors, which the loader chooses",
            Variant::healthy("linux/arm/v6").layer(Layer::new().file(
                "usr/lib/arm-linux-gnueabihf/libarmmem-v7l.so",
                0o644,
                armv7(),
            )),
        ),
    ]
}
