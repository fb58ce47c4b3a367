mod inits;
mod linking;
mod reports;
mod run;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [inits::cases(), linking::cases(), reports::cases(), run::cases()]
        .into_iter()
        .flatten()
        .collect()
}
