//! Steps that an emulator executed: ten times slower, at least, than they could be.

use crate::evidence::build::{Basis, BuildStep, BuildTrace, Execution, Reach, StepEnd, Work};
use crate::expectation::{EmulatedSteps, TraceExpectation};
use crate::knowledge::tools::compiles;
use crate::rules::build::{brief, location};
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::BuildStepEmulated,
    group: Group::Build,
    severity: Severity::Warning,
    summary: "A build step ran under emulation.",
    page: include_str!("../../../pages/BuildStepEmulated.md"),
    needs: Needs::Build,
    check: Check::Build(check),
};

fn check(trace: &BuildTrace, expectation: &TraceExpectation) -> Vec<Finding> {
    let count = trace.emulated().count();
    let of_step = |(step, execution): (&BuildStep, &Execution)| {
        let (severity, excess) = match expectation.emulated {
            EmulatedSteps::Unset if is_necessary(step) => (Severity::Note, String::new()),
            EmulatedSteps::Unset => (Severity::Warning, String::new()),
            EmulatedSteps::AtMost(most) if count <= most => (Severity::Note, String::new()),
            EmulatedSteps::AtMost(most) => (
                Severity::Error,
                format!("; {count} emulated steps are more than the limit of {most}"),
            ),
        };
        let message = format!("{}{excess}", message(trace, step, execution));
        let location = location(trace, step.lines, &step.platforms);
        RULE.at(location, message).with_severity(severity)
    };
    trace.emulated().map(of_step).collect()
}

/// What is installed or set up in the image itself has to run as the platform; what is compiled
/// there need not.
fn is_necessary(step: &BuildStep) -> bool {
    step.reach == Reach::Image && !compiles(&step.instruction)
}

fn message(trace: &BuildTrace, step: &BuildStep, execution: &Execution) -> String {
    let instruction = brief(&step.instruction);
    let on = execution.on;
    let claimed = match trace.basis {
        Basis::Recorded => "",
        Basis::Claimed(_) => " (if its name is right)",
    };
    // How long it took stands in the list of the steps, and is another time each time.
    let end = match &step.end {
        StepEnd::Done(_) | StepEnd::Failed { .. } | StepEnd::Cached => "",
        StepEnd::Cancelled | StepEnd::NotReached => " and did not finish",
    };
    let remedy = remedy(trace, step);
    format!("`{instruction}` ran under emulation on {on}{claimed}{end}; {remedy}")
}

fn remedy(trace: &BuildTrace, step: &BuildStep) -> String {
    if is_necessary(step) {
        return "a step of the image's own stage has to run on its platform".to_owned();
    }
    if step.reach == Reach::Image {
        return "run it natively in a stage `FROM --platform=$BUILDPLATFORM`, and copy the result"
            .to_owned();
    }
    let native = base(trace, step).and_then(native_from);
    let from = native.unwrap_or_else(|| "FROM --platform=$BUILDPLATFORM …".to_owned());
    format!("run it natively in a stage that begins `{from}` and builds for $TARGETPLATFORM")
}

/// The `FROM` of a step's stage.
fn base<'a>(trace: &'a BuildTrace, step: &BuildStep) -> Option<&'a str> {
    let bases = trace.steps.iter().filter(|it| it.work == Work::Source && it.stage == step.stage);
    let mut instructions = bases.map(|it| it.instruction.as_str());
    instructions.find(|it| it.to_ascii_uppercase().starts_with("FROM "))
}

/// A `FROM` that says no platform, on the build platform.
fn native_from(from: &str) -> Option<String> {
    let rest = from.get("FROM ".len()..).filter(|it| !it.starts_with("--"))?;
    Some(format!("FROM --platform=$BUILDPLATFORM {rest}"))
}
