mod entrypoint;
mod inits;
mod parity;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [entrypoint::cases(), inits::cases(), parity::cases()].into_iter().flatten().collect()
}
