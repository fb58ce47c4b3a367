//! A program whose dynamic loader cannot load it.

use crate::elf::ElfFacts;
use crate::rules::analysis::linking::{InterpreterFault, NEW_WORLD, OLD_WORLD, Program};
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::linking::defects::{Defect, report};
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::InterpreterMismatch,
    group: Group::Linking,
    severity: Severity::Error,
    summary: "A program names a dynamic loader that cannot load it.",
    page: include_str!("../../../pages/InterpreterMismatch.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let interpreters = context.linking().interpreters.iter();
    let mismatches = interpreters.filter_map(|(program, fault)| {
        let (why, values) = describe(program, fault)?;
        let is_executable = program.object.node.is_executable();
        Some(Defect {
            role: program.role,
            severity: if is_executable { Severity::Error } else { Severity::Warning },
            cause: program.interpreter.to_owned(),
            object: program.object,
            message: format!("the program's interpreter {} {why}", program.interpreter),
            values,
        })
    });
    report(&RULE, context.variant, mismatches.collect())
}

/// What is wrong with the loader, and the values to compare, if there are two.
type Description = (String, Option<(String, String)>);

fn describe(program: &Program<'_>, fault: &InterpreterFault<'_>) -> Option<Description> {
    Some(match fault {
        InterpreterFault::Missing(_) => return None,
        InterpreterFault::NotElf(path) => (format!("is {path}, which is not an ELF file"), None),
        InterpreterFault::NotRegular(path) => {
            (format!("is {path}, which is not a regular file"), None)
        }
        InterpreterFault::OtherTarget(loader) => {
            let (expected, actual) = targets(program.object.facts, loader);
            let why = format!("is for {actual}, but the program is for {expected}");
            (why, Some((expected, actual)))
        }
        InterpreterFault::NotExecutable(mode) => {
            (format!("has mode {mode:04o}, so the kernel cannot execute it"), None)
        }
        InterpreterFault::OtherFloatAbi { expected, actual } => {
            let why = format!("is {actual}, but the program is {expected}");
            (why, Some((expected.clone(), actual.clone())))
        }
        InterpreterFault::OldWorld => {
            let why = "is for LoongArch's old ABI, which mainline kernels do not support";
            (why.to_owned(), Some((NEW_WORLD.to_owned(), OLD_WORLD.to_owned())))
        }
    })
}

fn targets(expected: &ElfFacts, actual: &ElfFacts) -> (String, String) {
    let full = |it: &ElfFacts| format!("{} {} {}", it.machine, it.class, it.data);
    if expected.machine == actual.machine {
        (full(expected), full(actual))
    } else {
        (expected.machine.to_string(), actual.machine.to_string())
    }
}
