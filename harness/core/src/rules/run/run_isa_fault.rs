//! Code for a newer processor than the platform promises, shown by running it on either.

use crate::processor::CpuModel;
use crate::rules::analysis::run::{IsaFault, isa_fault, last_words};
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::RunIsaFault,
    group: Group::Run,
    severity: Severity::Error,
    summary: "The entrypoint needs a newer processor than its platform promises.",
    page: include_str!("../../../pages/RunIsaFault.md"),
    needs: Needs::Run,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let fault = isa_fault(context.variant, context.runs, context.expectations);
    fault.map(|it| finding(context, &it)).into_iter().collect()
}

fn finding(context: &VariantContext<'_>, fault: &IsaFault<'_>) -> Finding {
    let (variant, IsaFault { on_promised, on_newest, does }) = (context.variant, fault);
    let program = &on_promised.program;
    let how = match &on_promised.instruction {
        Some(it) if it.file == *program => {
            format!("the program dies of an illegal instruction (SIGILL), {it}")
        }
        Some(it) => {
            format!("the program dies of an illegal instruction of this file (SIGILL), {it}")
        }
        None if on_promised.dies_of_instruction() => {
            "the program dies of an illegal instruction (SIGILL)".to_owned()
        }
        None => format!("the program refuses to run{}", last_words(on_promised)),
    };
    let which = match CpuModel::baseline(variant.platform) {
        Ok(baseline) if baseline == on_promised.cpu => {
            format!(", the oldest processor that {} promises,", variant.platform)
        }
        _ => ", which was requested,".to_owned(),
    };
    let (promised, newest) = (on_promised.cpu.brief(), on_newest.cpu.brief());
    let message = format!("on {promised}{which} {how}; on {newest} it {does}");
    let file = on_promised.instruction.as_ref().map_or(program, |it| &it.file);
    let file = variant.files.first_name(file);
    let finding = RULE.of_path_in(variant, &file, message);
    finding.with_values(&on_promised.cpu, &on_newest.cpu)
}
