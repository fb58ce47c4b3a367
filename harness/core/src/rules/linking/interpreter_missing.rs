//! A program whose dynamic loader is not in the image.

use crate::evidence::image::{ImagePath, ResolveError};
use crate::loader::Family;
use crate::rules::analysis::linking::{InterpreterFault, Linking, OLD_WORLD, Program, Role};
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::linking::defects::{Defect, report};
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::InterpreterMissing,
    group: Group::Linking,
    severity: Severity::Error,
    summary: "A program needs a dynamic loader that is not in the image.",
    page: include_str!("../../../pages/InterpreterMissing.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let linking = context.linking();
    let missing = linking.interpreters.iter().filter_map(|(program, fault)| {
        let InterpreterFault::Missing(error) = fault else { return None };
        Some(Defect {
            role: program.role,
            severity: severity(linking, program),
            cause: program.interpreter.to_owned(),
            object: program.object,
            message: message(linking, program, error),
            values: None,
        })
    });
    report(&RULE, context.variant, missing.collect())
}

/// An image without any loader may hold programs to be copied elsewhere.
fn severity(linking: &Linking<'_>, program: &Program<'_>) -> Severity {
    let has_loader = !linking.catalogue.loaders().is_empty();
    let is_executable = program.object.node.is_executable();
    match program.role {
        Role::Entrypoint => Severity::Error,
        Role::Other if is_executable && has_loader => Severity::Error,
        Role::Other => Severity::Warning,
    }
}

fn message(linking: &Linking<'_>, program: &Program<'_>, error: &ResolveError) -> String {
    let named = program.interpreter;
    let head = match error {
        ResolveError::Missing(path) if path.as_str() == named => {
            format!("the program's interpreter {named} does not exist")
        }
        error => format!("the program's interpreter {named} cannot be found: {error}"),
    };
    let loaders = linking.catalogue.loaders();
    let is_other = |it: &&&ImagePath| it.as_str() != named;
    match loaders.iter().find(is_other) {
        None => format!("{head}, and the image has no dynamic loader"),
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
    format!("; {why}, but the image's loader is {loader}")
}
