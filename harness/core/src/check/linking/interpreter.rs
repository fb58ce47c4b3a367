//! The loader that a program names.

use super::Linking;
use super::report::Defect;
use super::subjects::{Program, Role};
use crate::check::{Rule, Severity};
use crate::elf::{Abi, ElfFacts, Machine};
use crate::evidence::image::{Content, ImagePath, Node, ResolveError};
use crate::loader::Family;

/// The loader of LoongArch's first, incompatible ABI, which only vendors' distributions have.
const OLD_WORLD: &str = "/lib64/ld.so.1";
/// The loader of the ABI that Linux, glibc and the distributions took up.
const NEW_WORLD: &str = "/lib64/ld-linux-loongarch-lp64d.so.1";

/// Whether the program's loader is there and begins its work.
pub(super) fn check<'a>(linking: &mut Linking<'a, '_>, program: &Program<'a>) -> bool {
    let catalogue = linking.catalogue;
    let directory = ImagePath::clean(&catalogue.variant.config.working_dir);
    let found = catalogue.variant.files.resolve(&directory, program.interpreter);
    let (rule, severity, message, values) = match &found {
        Err(error) => {
            let message = missing(linking, program, error);
            (Rule::InterpreterMissing, severity_of_missing(linking, program), message, None)
        }
        Ok((path, node)) => match mismatch(linking, program, path, node) {
            None => return true,
            Some((why, values)) => {
                let message = format!("its interpreter {} {why}", program.interpreter);
                let severity = if program.object.node.is_executable() {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                (Rule::InterpreterMismatch, severity, message, values)
            }
        },
    };
    let cause = program.interpreter.to_owned();
    linking.report.add(Defect {
        rule,
        role: program.role,
        severity,
        cause,
        object: program.object,
        message,
        values,
    });
    false
}

/// An image without any loader may hold programs to be copied elsewhere.
fn severity_of_missing(linking: &Linking<'_, '_>, program: &Program<'_>) -> Severity {
    let has_loader = !linking.catalogue.loaders().is_empty();
    let is_executable = program.object.node.is_executable();
    match program.role {
        Role::Entrypoint => Severity::Error,
        Role::Other if is_executable && has_loader => Severity::Error,
        Role::Other => Severity::Warning,
    }
}

fn missing(linking: &Linking<'_, '_>, program: &Program<'_>, error: &ResolveError) -> String {
    let named = program.interpreter;
    let head = match error {
        ResolveError::Missing(path) if path.as_str() == named => {
            format!("its interpreter {named} does not exist")
        }
        error => format!("its interpreter {named} cannot be found: {error}"),
    };
    let loaders = linking.catalogue.loaders();
    let is_other = |it: &&&ImagePath| it.as_str() != named;
    match loaders.iter().find(is_other) {
        None => format!("{head}, and the image has no loader"),
        Some(loader) => format!("{head}{}", explanation(named, loader)),
    }
}

/// What the image's own loader says about the program.
fn explanation(named: &str, loader: &ImagePath) -> String {
    let name = named.rsplit('/').next().unwrap_or(named);
    let families = (Family::of_name(name), Family::of_name(loader.file_name()));
    let why = match families {
        _ if named == OLD_WORLD && loader.as_str().contains("loongarch") => {
            "the program is for LoongArch's old ABI"
        }
        (Some(Family::Glibc), Some(Family::Musl)) => "the program is linked for glibc",
        (Some(Family::Musl), Some(Family::Glibc)) => "the program is linked for musl",
        _ if name == "ld-linux-armhf.so.3" => "the program is hard-float",
        _ if name == "ld-linux.so.3" => "the program is soft-float",
        _ => return format!("; the image's loader is {loader}"),
    };
    format!("; {why}, and the image's loader is {loader}")
}

/// What is wrong with the loader, and the values to compare, if there are two.
type Mismatch = (String, Option<(String, String)>);

fn mismatch(
    linking: &Linking<'_, '_>,
    program: &Program<'_>,
    path: &ImagePath,
    node: &Node,
) -> Option<Mismatch> {
    let facts = match node.content() {
        Some(Content::Elf(facts)) => facts,
        // Reported as that.
        Some(Content::BrokenElf(_)) => return None,
        Some(_) => return Some((format!("is {path}, which is no ELF file"), None)),
        None => return Some((format!("is {path}, which is no regular file"), None)),
    };
    let own = program.object.facts;
    if facts.target() != own.target() {
        let (expected, actual) = targets(own, facts);
        let why = format!("is for {actual}, the program for {expected}");
        return Some((why, Some((expected, actual))));
    }
    if !node.is_executable() {
        let why =
            format!("has mode {:04o}, and the kernel starts only what is executable", node.mode);
        return Some((why, None));
    }
    let float = |it: &ElfFacts| it.abi().and_then(Abi::float);
    if let (Some(expected), Some(actual)) = (float(own), float(facts))
        && expected != actual
    {
        let why = format!("is {actual}, the program {expected}");
        return Some((why, Some((expected, actual))));
    }
    is_old_world(linking, program, facts).then(|| {
        let why = "is that of LoongArch's old ABI, which no kernel and no distribution took up";
        (why.to_owned(), Some((NEW_WORLD.to_owned(), OLD_WORLD.to_owned())))
    })
}

/// With the new loader beside it, the old one comes from a package for old programs (`liblol`).
fn is_old_world(linking: &Linking<'_, '_>, program: &Program<'_>, loader: &ElfFacts) -> bool {
    loader.machine == Machine::LOONGARCH
        && program.interpreter == OLD_WORLD
        && linking.catalogue.at(NEW_WORLD).is_none()
}

fn targets(expected: &ElfFacts, actual: &ElfFacts) -> (String, String) {
    let full = |it: &ElfFacts| format!("{} {} {}", it.machine, it.class, it.data);
    if expected.machine == actual.machine {
        (full(expected), full(actual))
    } else {
        (expected.machine.to_string(), actual.machine.to_string())
    }
}
