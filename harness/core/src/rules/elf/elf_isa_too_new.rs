//! Instruction sets: what a file declares that it needs, against the oldest processor that the
//! platform promises.
//!
//! A file that declares nothing has not passed: it is unknown, and only a run on such a processor can
//! tell.

use crate::arch::{Architecture, Arm64Version, ArmVersion};
use crate::elf::{ArmAttributes, ArmCpuArch, Attributes, ElfFacts, GoBuild, Linkage};
use crate::evidence::image::Variant;
use crate::platform::Platform;
use crate::rules::analysis::dispatch::is_dispatched;
use crate::rules::analysis::executables::Executable;
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::ElfIsaTooNew,
    group: Group::Elf,
    severity: Severity::Error,
    summary: "An ELF file declares that it needs a newer processor than its platform promises.",
    page: include_str!("../../../pages/ElfIsaTooNew.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let files = context.executables().iter().filter(|it| it.is_whole && !it.is_chosen);
    files.filter_map(|it| too_new(context.variant, it)).collect()
}

fn too_new(variant: &Variant, file: &Executable<'_>) -> Option<Finding> {
    let facts = file.facts;
    if is_dispatched(file.path, facts) {
        return None;
    }
    let excess = excess(variant.platform, facts)?;
    let is_program =
        matches!(facts.linkage, Linkage::Static | Linkage::StaticPie | Linkage::Dynamic);
    let severity = match excess.proof {
        Proof::Checked => Severity::Error,
        Proof::Compiled if is_program => Severity::Error,
        Proof::Compiled | Proof::Partly => Severity::Warning,
    };
    let Excess { expected, actual, source, .. } = excess;
    let message = format!(
        "the file needs {actual} ({source}), but the baseline of {} is {expected}",
        variant.platform
    );
    let finding = RULE.of_file(variant, file.file(), message);
    Some(finding.with_values(&expected, &actual).with_severity(severity))
}

/// More than the platform promises.
struct Excess {
    expected: String,
    actual: String,
    /// Where the file says so.
    source: &'static str,
    proof: Proof,
}

/// How sure it is that the instructions are executed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The program or its loader looks at the processor and refuses to start.
    Checked,
    /// All of the program was compiled so.
    Compiled,
    /// Some of the file was, and such parts are often chosen by a look at the processor.
    Partly,
}

fn excess(platform: Platform, facts: &ElfFacts) -> Option<Excess> {
    let of_go = facts.go.as_ref().and_then(|go| go_excess(platform, go));
    of_go.or_else(|| match (platform.architecture(), facts.attributes.as_ref()?) {
        (Architecture::Arm(version), Attributes::Arm(declared)) => arm_excess(version, *declared),
        (Architecture::Riscv64, Attributes::Riscv(declared)) => riscv_excess(&declared.arch),
        (Architecture::Amd64(level), Attributes::X86(needed)) => {
            let needed = needed.level()?;
            (needed > level.number()).then(|| x86_excess(level.number(), needed))
        }
        // The psABI's baseline is SSE2, which 386 images do not promise to everybody; compilers
        // set the bit where they are told to, and runs decide the rest.
        (Architecture::I386, Attributes::X86(needed)) => {
            let needed = needed.level()?;
            (needed > 1).then(|| x86_excess(1, needed))
        }
        _ => None,
    })
}

/// glibc's loader refuses such files on older processors (since 2.33).
fn x86_excess(promised: u8, needed: u8) -> Excess {
    Excess {
        expected: format!("x86-64-v{promised}"),
        actual: format!("x86-64-v{needed}"),
        source: "GNU_PROPERTY_X86_ISA_1_NEEDED",
        proof: Proof::Checked,
    }
}

/// The programs of Go's toolchain look at the processor when they start: "This program can only
/// be run on". Source: Go, `internal/buildcfg` and `cmd/go`, "Environment variables".
fn go_excess(platform: Platform, go: &GoBuild) -> Option<Excess> {
    let of = |source, expected: String, value: &str| {
        let actual = format!("{source}={value}");
        Some(Excess { expected, actual, source: "Go build info", proof: Proof::Checked })
    };
    match platform.architecture() {
        Architecture::Amd64(level) => {
            let value = go.setting("GOAMD64")?;
            let needed: u8 = value.strip_prefix('v')?.parse().ok()?;
            let promised = level.number();
            if needed > promised {
                of("GOAMD64", format!("x86-64-v{promised}"), value)
            } else {
                None
            }
        }
        Architecture::Arm(version) => {
            let value = go.setting("GOARM")?;
            let needed: u8 = value.split(',').next()?.parse().ok()?;
            let promised = version.number();
            if needed > promised { of("GOARM", format!("ARMv{promised}"), value) } else { None }
        }
        Architecture::Arm64(version) => {
            let value = go.setting("GOARM64")?;
            let mut parts = value.split(',');
            let needed = Arm64Version::parse(parts.next()?)?;
            let has_extension = |name| name == "lse" && version.includes(Arm64Version::V8_1);
            let is_met = version.includes(needed) && parts.all(has_extension);
            if is_met { None } else { of("GOARM64", format!("ARM{version}"), value) }
        }
        Architecture::Riscv64 => {
            let value = go.setting("GORISCV64")?;
            if value == "rva20u64" { None } else { of("GORISCV64", "rv64gc".to_owned(), value) }
        }
        Architecture::Ppc64 | Architecture::Ppc64le => {
            let value = go.setting("GOPPC64")?;
            if value == "power8" { None } else { of("GOPPC64", "power8".to_owned(), value) }
        }
        // Go has no levels of the others that processors of today lack.
        _ => None,
    }
}

/// What the attributes allow the code to use: ADDENDA32, sections 3.3.5 and 3.3.6.
fn arm_excess(version: ArmVersion, declared: ArmAttributes) -> Option<Excess> {
    const THUMB_2: u32 = 2;
    const VFP_V3: u32 = 3;
    let promised = version.number();
    // Code for microcontrollers is no Linux program, whatever the number.
    let needed = declared.cpu_arch.version()?;
    let needs_thumb_2 = declared.thumb == THUMB_2 || declared.cpu_arch == ArmCpuArch::V6T2;
    let actual = if needed > promised {
        format!("ARMv{needed}")
    } else if needs_thumb_2 && promised < 7 {
        "Thumb-2".to_owned()
    } else if declared.fp_arch >= VFP_V3 && promised < 7 {
        "VFPv3".to_owned()
    } else {
        return None;
    };
    // Compilers for ARMv7 leave NEON out unless they are told otherwise. With it there is
    // assembly in the file, as of OpenSSL or ring, which looks before it is used.
    let proof = if declared.simd == 0 { Proof::Compiled } else { Proof::Partly };
    Some(Excess { expected: format!("ARMv{promised}"), actual, source: ".ARM.attributes", proof })
}

/// Every extension that rv64gc has or implies, under the names of today's toolchains.
///
/// Source: RISC-V unprivileged ISA, "Extending RISC-V", and the profile RVA20U64.
const RV64GC: &[&str] = &[
    "i",
    "m",
    "a",
    "f",
    "d",
    "c",
    "g",
    "zicsr",
    "zifencei",
    "zmmul",
    "zaamo",
    "zalrsc",
    "zca",
    "zcd",
    "zicntr",
    "zihpm",
    "ziccif",
    "ziccrse",
    "ziccamoa",
    "zicclsm",
    "za128rs",
    "zihintpause",
];

fn riscv_excess(arch: &str) -> Option<Excess> {
    let beyond: Vec<&str> = arch
        .strip_prefix("rv64")?
        .split('_')
        .map(without_version)
        .filter(|it| !it.is_empty() && !RV64GC.contains(it))
        .collect();
    (!beyond.is_empty()).then(|| Excess {
        expected: "rv64gc".to_owned(),
        actual: beyond.join(", "),
        source: ".riscv.attributes",
        proof: Proof::Compiled,
    })
}

/// `zba1p0` is `zba`; digits inside a name, as in `zvl128b1p0`, belong to it.
fn without_version(extension: &str) -> &str {
    let name = extension.trim_end_matches(|it: char| it.is_ascii_digit());
    match name.strip_suffix('p') {
        Some(major) if name.len() < extension.len() => {
            let bare = major.trim_end_matches(|it: char| it.is_ascii_digit());
            if bare.len() < major.len() { bare } else { extension }
        }
        _ => extension,
    }
}
