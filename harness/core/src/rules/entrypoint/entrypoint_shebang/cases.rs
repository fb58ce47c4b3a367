mod entrypoint;
mod inits;
mod reports;
mod run;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [entrypoint::cases(), inits::cases(), reports::cases(), run::cases()]
        .into_iter()
        .flatten()
        .collect()
}
