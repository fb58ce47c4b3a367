//! What a runner is: whatever can run one variant once. `policy.rs` says how often, and on what.

use super::start::Start;
use crate::evidence::run::{Instruction, RunEvidence};
use crate::processor::CpuModel;

/// What can run one variant.
pub(super) trait Runner {
    /// The processor that a variant is run on first; the evidence of a run that cannot begin, where
    /// there is none.
    fn promised(&self, start: &Start) -> impl Future<Output = Result<CpuModel, Box<RunEvidence>>>;

    /// Runs a variant once.
    fn run(&self, start: &Start, cpu: &CpuModel) -> impl Future<Output = RunEvidence>;

    /// The processor for a second try, where the emulator itself failed on another.
    fn after_fault(&self, start: &Start, cpu: &CpuModel) -> Option<CpuModel>;

    /// The instruction that a program died of on a processor, as far as the runner can tell.
    fn instruction(
        &self,
        start: &Start,
        cpu: &CpuModel,
    ) -> impl Future<Output = Option<Instruction>>;
}
