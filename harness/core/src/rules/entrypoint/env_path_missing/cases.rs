mod entrypoint;
mod environment;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [entrypoint::cases(), environment::cases()].into_iter().flatten().collect()
}
