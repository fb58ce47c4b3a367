//! The oldest CPU that an image needs, as its files declare it.

use super::change::{Change, ChangeKind};
use super::executables::most;
use super::pair::{Common, severity_of};
use crate::arch::{Architecture, Arm64Version};
use crate::elf::{Attributes, ElfFacts};
use crate::evidence::image::{ImagePath, Variant};
use crate::rules::{Rule, Severity, is_dispatched};
use crate::verdict::Judged;

/// What a file needs, comparable within an architecture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Need {
    rank: u32,
    name: String,
}

pub(super) fn compare(common: &Common<'_>, new_findings: &[Judged]) -> Option<Change> {
    let (old, (new, path)) = (most_of(common.old)?.0, most_of(common.new)?);
    if new.rank == old.rank {
        return None;
    }
    let message = if new.rank > old.rank {
        format!("the image needs {} now; before, {} was enough", new.name, old.name)
    } else {
        format!("the image needs no more than {} now; before, it needed {}", new.name, old.name)
    };
    let of_rule =
        severity_of(new_findings, common.platform, |it| it.finding.rule == Rule::ElfIsaTooNew);
    let severity =
        if new.rank > old.rank { of_rule.max(Severity::Warning) } else { Severity::Note };
    Some(Change::new(ChangeKind::Cpu, common.platform, message).at(path).with_severity(severity))
}

/// The file of a variant that needs most; nothing where no file says what it needs.
fn most_of(variant: &Variant) -> Option<(Need, &ImagePath)> {
    most(variant, |path, facts| {
        let is_needed = !is_dispatched(path, facts);
        is_needed.then(|| need(variant.platform.architecture(), facts)).flatten()
    })
}

/// What a file declares. Sources: as of the rule `ElfIsaTooNew`.
fn need(architecture: Architecture, facts: &ElfFacts) -> Option<Need> {
    let go = |name| facts.go.as_ref().and_then(|it| it.setting(name));
    let number = |text: Option<&str>, prefix| -> Option<u32> {
        let digits = text?.strip_prefix(prefix)?;
        digits.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
    };
    let of = |rank: Option<u32>, prefix: &str| {
        rank.map(|rank| Need { rank, name: format!("{prefix}{rank}") })
    };
    match architecture {
        Architecture::Amd64(_) | Architecture::I386 => {
            let level = match &facts.attributes {
                Some(Attributes::X86(needed)) => needed.level().map(u32::from),
                _ => None,
            };
            of(level.max(number(go("GOAMD64"), "v")), "x86-64-v")
        }
        Architecture::Arm(_) => {
            let version = match &facts.attributes {
                Some(Attributes::Arm(declared)) => declared.cpu_arch.version().map(u32::from),
                _ => None,
            };
            of(version.max(number(go("GOARM"), "")), "ARMv")
        }
        Architecture::Arm64(_) => {
            let version = go("GOARM64")?.split(',').next()?;
            Arm64Version::parse(version)?;
            let (major, minor) = version.strip_prefix('v')?.split_once('.')?;
            let rank = major.parse::<u32>().ok()? * 100 + minor.parse::<u32>().ok()?;
            Some(Need { rank, name: format!("ARM{version}") })
        }
        Architecture::Riscv64 => of(number(go("GORISCV64"), "rva"), "RVA"),
        Architecture::Ppc64 | Architecture::Ppc64le => of(number(go("GOPPC64"), "power"), "POWER"),
        _ => None,
    }
}
