//! Calling conventions: code of one cannot call code of another.
//!
//! A static executable calls only the kernel, whose convention is one for all; so where it is only
//! about floating point, static executables may have any.

use crate::arch::{Architecture, ArmVersion};
use crate::elf::{
    Abi, ArmFloatAbi, Attributes, ElfFacts, FloatAbi, Linkage, MipsAbi, Ppc64Abi, RiscvAbi,
};
use crate::evidence::image::{Content, Variant};
use crate::platform::Platform;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ElfAbiMismatch,
    group: Group::Elf,
    severity: Severity::Error,
    summary: "An ELF file uses another ABI than its platform.",
    page: include_str!("../../../pages/ElfAbiMismatch.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

/// The convention of a platform, as far as it has one.
struct Convention {
    arm: Option<ArmFloatAbi>,
}

/// `Tag_ABI_VFP_args`: arguments in VFP registers (ADDENDA32, 3.3.6.2).
const AAPCS_VFP: u32 = 1;

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let variant = context.variant;
    let convention = Convention::new(variant);
    let files = context.executables().iter().filter(|it| it.is_whole && !it.is_chosen);
    let mismatches = files.filter_map(|file| {
        let (expected, actual) = convention.mismatch(variant.platform, file.facts)?;
        let message =
            format!("the file uses {actual}, but the ABI of {} is {expected}", variant.platform);
        Some(RULE.of_file(variant, file.file(), message).with_values(&expected, &actual))
    });
    mismatches.collect()
}

impl Convention {
    /// Looks for what the variant's own files agree on, where its platform leaves it open.
    fn new(variant: &Variant) -> Self {
        let arm = match variant.platform.architecture() {
            Architecture::Arm(ArmVersion::V5) => Some(ArmFloatAbi::Soft),
            Architecture::Arm(ArmVersion::V6) => majority(variant),
            Architecture::Arm(ArmVersion::V7 | ArmVersion::V8) => Some(ArmFloatAbi::Hard),
            _ => None,
        };
        Self { arm }
    }

    fn mismatch(&self, platform: Platform, facts: &ElfFacts) -> Option<(String, String)> {
        match facts.abi()? {
            Abi::Arm(_) => self.arm_mismatch(facts),
            Abi::Riscv(abi) => riscv_mismatch(abi, facts),
            Abi::Ppc64(abi) => (platform.architecture() == Architecture::Ppc64le
                && abi == Ppc64Abi::V1)
                .then(|| ("ELFv2".to_owned(), "ELFv1".to_owned())),
            Abi::Mips(abi) => mips_mismatch(abi),
            Abi::LoongArch(abi) => match abi.float {
                Some(float) if calls_others(facts) && float != FloatAbi::Double => {
                    Some((FloatAbi::Double.to_string(), float.to_string()))
                }
                _ => None,
            },
        }
    }

    fn arm_mismatch(&self, facts: &ElfFacts) -> Option<(String, String)> {
        let (expected, actual) = (self.arm?, float_of(facts)?);
        // ARMv5 has no floating-point unit: there, code for one does not even run alone.
        let matters = calls_others(facts) || expected == ArmFloatAbi::Soft;
        (expected != actual && matters).then(|| (expected.to_string(), actual.to_string()))
    }
}

const fn calls_others(facts: &ElfFacts) -> bool {
    matches!(facts.linkage, Linkage::Dynamic | Linkage::Shared)
}

/// The header's word, or else the attributes': linkers before 2013 set no flag.
fn float_of(facts: &ElfFacts) -> Option<ArmFloatAbi> {
    let Some(Abi::Arm(abi)) = facts.abi() else { return None };
    abi.float.or(match &facts.attributes {
        Some(Attributes::Arm(arm)) if arm.vfp_args == AAPCS_VFP => Some(ArmFloatAbi::Hard),
        _ => None,
    })
}

/// Distributions differ about ARMv6. Where as many files are of either kind, nobody can tell.
fn majority(variant: &Variant) -> Option<ArmFloatAbi> {
    let (mut soft, mut hard) = (0, 0);
    for (_, node) in variant.files.iter() {
        let Some(Content::Elf(facts)) = node.content() else { continue };
        match float_of(facts) {
            Some(ArmFloatAbi::Soft) if calls_others(facts) => soft += 1,
            Some(ArmFloatAbi::Hard) if calls_others(facts) => hard += 1,
            _ => {}
        }
    }
    match soft.cmp(&hard) {
        std::cmp::Ordering::Less => Some(ArmFloatAbi::Hard),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(ArmFloatAbi::Soft),
    }
}

/// Images are lp64d: what Linux distributions for rv64gc agree on. RV32E's registers are too few
/// for anything else.
fn riscv_mismatch(abi: RiscvAbi, facts: &ElfFacts) -> Option<(String, String)> {
    let actual = match abi.float {
        _ if abi.embedded => "lp64e",
        FloatAbi::Soft => "lp64",
        FloatAbi::Single => "lp64f",
        FloatAbi::Quad => "lp64q",
        FloatAbi::Double => return None,
    };
    (abi.embedded || calls_others(facts)).then(|| ("lp64d".to_owned(), actual.to_owned()))
}

/// Release 6 gave old instructions new meanings: its code runs on no older processor, and theirs
/// not on it. No image variant names it.
fn mips_mismatch(abi: MipsAbi) -> Option<(String, String)> {
    let arch = abi.arch.name().unwrap_or("unknown").to_owned();
    abi.arch.is_release_6().then(|| ("mips64r2".to_owned(), arch))
}
