mod parity;
mod run;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [parity::cases(), run::cases()].into_iter().flatten().collect()
}
