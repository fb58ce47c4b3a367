//! An executable file in a line.

use super::{Content, ForeignFormat};
use crate::elf::{Attributes, ElfFacts};

/// An executable file in a line; nothing of any other.
#[must_use]
pub fn describe_content(content: &Content) -> Option<String> {
    match content {
        Content::Elf(facts) => Some(describe_elf(facts)),
        Content::BrokenElf(why) => Some(format!("ELF: {why}")),
        Content::Foreign(format @ (ForeignFormat::Pe | ForeignFormat::MachO)) => {
            Some(format.to_string())
        }
        _ => None,
    }
}

fn describe_elf(facts: &ElfFacts) -> String {
    let mut parts = vec![format!("{} {}", facts.machine, facts.linkage)];
    parts.extend(facts.interpreter.as_ref().map(|it| format!("loader {it}")));
    if !facts.needed.is_empty() {
        parts.push(format!("needs {}", facts.needed.join(" ")));
    }
    parts.extend(facts.attributes.as_ref().and_then(describe_attributes));
    parts.extend(facts.go.as_ref().map(|go| {
        let settings = go.settings.iter().filter(|(name, _)| name.starts_with("GO"));
        let settings = settings.map(|(name, value)| format!(" {name}={value}"));
        format!("{}{}", go.version, settings.collect::<String>())
    }));
    if !facts.rustc.is_empty() {
        parts.push(format!("rustc {}", facts.rustc.join(" ")));
    }
    parts.extend(facts.packer.map(|_| "packed by UPX".to_owned()));
    parts.extend(facts.malformation.as_ref().map(ToString::to_string));
    parts.join(", ")
}

fn describe_attributes(attributes: &Attributes) -> Option<String> {
    match attributes {
        Attributes::Arm(arm) => arm.cpu_arch.version().map(|it| format!("ARMv{it}")),
        Attributes::Riscv(riscv) => Some(riscv.arch.clone()),
        Attributes::X86(needed) => needed.level().map(|it| format!("x86-64-v{it}")),
    }
}
