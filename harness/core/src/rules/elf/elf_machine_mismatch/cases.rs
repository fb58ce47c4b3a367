mod elf;
mod parity;
mod reach;
mod reports;
mod run;
mod scope;

use crate::rules::tests::Case;

pub(in crate::rules) fn cases() -> Vec<Case> {
    [elf::cases(), parity::cases(), reach::cases(), reports::cases(), run::cases(), scope::cases()]
        .into_iter()
        .flatten()
        .collect()
}
