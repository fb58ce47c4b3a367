mod entrypoint;
mod inits;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [entrypoint::cases(), inits::cases()].into_iter().flatten().collect()
}
