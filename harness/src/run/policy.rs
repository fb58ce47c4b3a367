//! On which processors a variant is run.

use crate::evidence::run::RunEvidence;
use crate::platform::Platform;
use crate::processor::CpuModel;

/// The processor that has every instruction there is, if a program's end may be that its own lacks
/// one.
pub(super) fn second_opinion(run: &RunEvidence, platform: Platform) -> Option<CpuModel> {
    let newest = CpuModel::newest(platform);
    let has_less = run.cpu != CpuModel::Default && run.cpu != newest;
    (has_less && run.suggests_isa_fault()).then_some(newest)
}
