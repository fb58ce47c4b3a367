mod linking;
mod reports;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [linking::cases(), reports::cases()].into_iter().flatten().collect()
}
